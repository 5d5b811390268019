import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../support/random.js';
import { create } from './asks.js';
import { Books } from './books.js';
import { lookAtBills } from './bills.js';
import { Client } from './client.js';
import { Events, Subscriber } from './events.js';
import { faultNames, Faults } from './faults.js';
import { Findings } from './findings.js';
import { lookAtMemory } from './memory.js';
import { Load } from './load.js';
import { help, readOptions, type Options } from './options.js';
import { report } from './report.js';
import { prepare } from './scene.js';
import { built, runTool, sources, type Programs } from './servers.js';
import { administer, makeSetting, type Setting } from './setting.js';
import { Timeline } from './times.js';

const memoryEveryMs = 2_000;
/** Between looks at the books, with load paused. */
const lookEveryMs = 300_000;
const replicaMaxMs = 120_000;

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(process.argv.slice(2));
    const unknown = options?.only.find((name) => !faultNames.includes(name));
    if (unknown !== undefined) throw new Error(`--only '${unknown}' is none of: ${faultNames.join(', ')}`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`);
    return 2;
  }
  if (!options) {
    process.stdout.write(help);
    return 0;
  }
  process.stdout.write(`soak of ${options.minutes} minutes; --seed ${options.seed} repeats what it asks and breaks\n`);
  // Whatever is running ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const programs = options.areSourcesRun ? sources : built;
  const setting = await makeSetting(programs);
  process.stdout.write(`in ${setting.folder}\n`);
  let isGood = false;
  try {
    isGood = await soak(setting, options, programs);
  } finally {
    await setting.end(options.isKept || !isGood);
  }
  if (!isGood) process.stdout.write(`its clusters and logs are kept in ${setting.folder}\n`);
  return isGood ? 0 : 1;
}

async function soak(setting: Setting, options: Options, programs: Programs): Promise<boolean> {
  const { servers, receiver, url, tenantId } = setting;
  const [findings, timeline] = [new Findings(options.isShared), new Timeline()];
  const origins = servers.map(({ origin }) => origin);
  const client = new Client(origins, timeline, findings);
  client.key = setting.key;
  const [books, events] = [new Books(url, tenantId, findings), new Events(url, tenantId, findings)];
  const subscriber = new Subscriber(origins, setting.key, findings);
  const random = new Random(options.seed);
  const scene = await prepare(client, books, findings, random, options.seed);
  const since = await events.end();
  const hub = await create(client, random, {
    ...{
      base: '',
      resource: 'hub',
      input: { callback: receiver.url },
      key: `hub-${options.seed}`,
      isGraphqlOnly: true,
    },
  });
  if (hub?.id === undefined) throw new Error(`no registration: ${JSON.stringify(hub)}`);
  subscriber.start();
  await sleep(500);

  const faults = new Faults({ ...setting, findings }, timeline, new Random(options.seed + 1), options.only);
  const load = new Load(scene, options);
  const measuring = setInterval(() => void Promise.all(servers.map((server) => server.measure())), memoryEveryMs);
  const totalMs = options.minutes * 60_000;
  const share = (part: number, maxMs: number): number => Math.min(maxMs, totalMs * part);
  const looks: string[] = [];
  try {
    load.start();
    await sleep(share(0.15, 60_000));
    timeline.quiet = 'before';
    await sleep(share(0.15, 120_000));
    timeline.quiet = 'between';
    const faultsUntil = performance.now() + totalMs - share(0.15, 60_000) - 2 * share(0.15, 120_000);
    let lookAt = performance.now() + lookEveryMs;
    while (performance.now() < faultsUntil) {
      const holdMs = share(0.03, 2_000) + random.below(share(0.05, 12_000));
      await faults.break(holdMs);
      process.stdout.write(
        `${new Date().toISOString()} ${faults.recoveries.at(-1)?.fault}, all well after ${Math.round(faults.recoveries.at(-1)?.ms ?? 0)} ms\n`,
      );
      await sleep(Math.min(share(0.05, 10_000), Math.max(0, faultsUntil - performance.now())));
      if (performance.now() < lookAt) continue;
      await load.pause();
      await books.look();
      looks.push(new Date().toISOString());
      process.stdout.write(`${looks.at(-1)} looked at the books: ${books.acknowledged} acknowledged\n`);
      lookAt = performance.now() + lookEveryMs;
      load.start();
    }
    timeline.quiet = 'after';
    await sleep(share(0.15, 120_000));
    await load.pause();
    process.stdout.write(`${new Date().toISOString()} the load is over\n`);
    await lookAtBills(url, tenantId, findings);
    await books.look();
    await events.look('receiver', receiver.arrivals, since, false);
    await events.look('subscriber', subscriber.arrivals, since, true);
    await events.compare();
    await lookAtReplica(setting, findings);
    await runTool(programs, 'doctor', [], url).catch((error: Error & { stdout?: string }) =>
      findings.add('the doctor found problems', error.stdout ?? error.message),
    );
    lookAtMemory(servers, options.minutes, findings);
    for (const server of servers)
      if (server.unasked > 0) findings.add('a server ended by itself', `${server.name}: ${server.unasked} times`);
  } finally {
    clearInterval(measuring);
    await load.pause();
    await subscriber.stop();
  }
  report({ options, client, books, faults, findings, servers, receiver, subscriber, primary: setting.primary });
  return findings.isEmpty;
}

/** The replica has everything that the primary has. */
async function lookAtReplica({ primary, replica, tenantId }: Setting, findings: Findings): Promise<void> {
  if (!replica) return;
  const sum = `SELECT count(*) || ' ' || coalesce(sum("entrySequence"), 0) || ' ' || coalesce(sum("remainingValueAmount"), 0) AS "sum" FROM "Bucket" WHERE "tenantId" = '${tenantId}'`;
  const sumOf = async (url: string): Promise<unknown> => (await administer(url, [sum]))[0]?.['sum'];
  const expected = await sumOf(primary.url('tmf', 'tmf'));
  let found: unknown;
  for (const begin = performance.now(); performance.now() < begin + replicaMaxMs; await sleep(200)) {
    found = await sumOf(replica.url('tmf', 'tmf')).catch((error: Error) => error.message);
    if (found === expected) return;
  }
  findings.add('the replica does not have what the primary has', `${String(found)} instead of ${String(expected)}`);
}

process.exitCode = await main();
