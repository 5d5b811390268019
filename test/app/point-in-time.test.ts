import { rename } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { Receiver } from '../domain/hub/receiver.js';
import { doctorsProblems } from '../support/doctor.js';
import { runDocumented } from '../support/documented-commands.js';
import { eventually } from '../support/eventually.js';
import { OwnCluster } from '../support/own-cluster.js';
import { call, killAll, patience, Program, startMaxMs } from './program.js';

jest.setTimeout(20 * startMaxMs);

let cluster: OwnCluster;
let receiver: Receiver;
beforeEach(async () => {
  cluster = await OwnCluster.create();
  receiver = await Receiver.start();
});
afterEach(async () => {
  await killAll();
  await receiver.down();
  await cluster.remove();
});

async function ask<T extends pg.QueryResultRow>(database: string, sql: string): Promise<T> {
  const client = new pg.Client(cluster.urlOf(database));
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows[0]!;
  } finally {
    await client.end();
  }
}

const lastEpoch = (): Promise<{ epoch: number }> => ask('tmf', 'SELECT max("epoch") AS "epoch" FROM "Outbox"');

it('goes back by the documented commands to an instant between two acknowledged writes, and goes on from there', async () => {
  const { env, owner } = cluster;
  await runDocumented('archive', env, owner);
  await cluster.start();
  await ask('postgres', 'CREATE DATABASE tmf');
  const settings = { DATABASE_URL: cluster.urlOf('tmf'), LOG_LEVEL: 'error', CALLBACK_ALLOW_PRIVATE: 'on' };
  const before = new Program('serve', settings);
  let origin = await before.origin(patience);
  const make = { usageType: 'monetary', remainingValue: { amount: 10, units: 'EUR' } };
  const bucket = { id: (await call(origin, 'POST', '/bucket', make)).body.id };
  const topup = async (amount: number): Promise<any> => {
    const answer = await call(origin, 'POST', '/topupBalance', { bucket, amount: { amount, units: 'EUR' } });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  expect((await call(origin, 'POST', '/hub', { callback: receiver.url })).status).toBe(201);
  await topup(1);
  await runDocumented('base', env, owner);
  const kept = await topup(2);
  const { at } = await ask<{ at: string }>('postgres', 'SELECT clock_timestamp()::text AS "at"');
  const lost = await topup(4);
  const { epoch } = await lastEpoch();
  const { file } = await ask<{ file: string }>('postgres', 'SELECT pg_walfile_name(pg_switch_wal()) AS "file"');
  await eventually('the log is archived', async () => {
    const { last } = await ask<{ last: string | null }>(
      'postgres',
      'SELECT last_archived_wal AS "last" FROM pg_stat_archiver',
    );
    return (last !== null && last >= file) || undefined;
  });
  await before.stop();
  await cluster.stop();
  await rename(env.PGDATA, `${env.PGDATA}-aside`);

  await runDocumented('recover', { ...env, TARGET: at }, owner);
  await eventually('it has recovered', async () => {
    const { isOver } = await ask<{ isOver: boolean }>('postgres', 'SELECT NOT pg_is_in_recovery() AS "isOver"');
    return isOver || undefined;
  });
  expect(await doctorsProblems(cluster.urlOf('tmf'))).toEqual([]);
  const after = new Program('serve', settings);
  origin = await after.origin(patience);
  expect((await call(origin, 'GET', `/topupBalance/${kept.id}`)).status).toBe(200);
  expect((await call(origin, 'GET', `/topupBalance/${lost.id}`)).status).toBe(404);
  expect((await call(origin, 'GET', `/bucket/${bucket.id}`)).body.remainingValue.amount).toBe(13);

  const further = await topup(8);
  // Positions behind what was told before have been given to other transactions since.
  expect((await lastEpoch()).epoch).toBe(epoch + 1);
  await eventually('the receiver is told on', () => {
    const told = receiver.events.map(({ event }) => event.topupBalance?.id);
    return (told.includes(kept.id) && told.includes(further.id)) || undefined;
  });
  expect(await after.stop()).toBe(0);
});
