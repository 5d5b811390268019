import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { applyMigrations } from '../../src/platform/database/migrations.js';
import { endOfStory, type KeptCall } from '../fixtures/upgrade/doors.js';
import { billingProblems, runCycle } from '../domain/customer-bill/billing.js';
import { ledgerProblems } from '../domain/prepay-balance/balances.js';
import { inAttributes } from '../fixtures/schema.js';
import { schemaOf } from '../fixtures/transports.js';
import { eventually } from '../support/eventually.js';
import { retryWhileBusy } from '../support/retry-while-busy.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';
import { describedBy, inPresentNames, kinds, storageOf, type Described } from '../support/upgrade.js';
import { killAll, Program, startMaxMs, type Storage } from './program.js';

jest.setTimeout(4 * startMaxMs);

/** The versions whose databases are kept. */
const versions = ['0.1'];
const cases = versions.flatMap((version) => kinds.map((kind) => ({ version, kind })));

/** Tables in which the server keeps its own records, what it throws away after a day, and events, which have a test of their own. */
const ownTables = new Set(['_prisma_migrations', 'ServerState', 'BillRunPreview', 'Outbox']);

const { sql } = Prisma;

describe.each(cases)('a database of version $version, $kind', ({ version, kind }) => {
  let storage: Storage;
  let described: Described;
  let server: TestServer;

  beforeAll(async () => {
    described = await describedBy(version, kind);
    storage = await storageOf(version, kind);
    const database = await storage.open();
    await applyMigrations(database);
    const clock = new TestClock(new Date(endOfStory));
    server = await startTestServer({}, { database, clock });
  });

  afterAll(async () => {
    await server?.close();
    await storage?.remove();
  });

  const rows = (table: string): Promise<{ count: number }[]> =>
    server.database.query(sql`SELECT count(*)::int AS "count" FROM ${Prisma.raw(`"${table}"`)}`);
  const all = async (path: string): Promise<any[]> =>
    (await retryWhileBusy(() => server.rest('GET', `${path}limit=1000`))).body;

  it('has every row that it had', async () => {
    const found: Record<string, number | undefined> = {};
    const expected = Object.entries(described.counts).filter(([table]) => !ownTables.has(table));
    for (const [table] of expected) found[table] = (await rows(table))[0]?.count;
    expect(found).toEqual(Object.fromEntries(expected));
  });

  /** Bills that were calculated, and that nobody has validated. */
  const draftsOf = (): any[] =>
    described.bills
      .map(({ bill }) => bill)
      .filter(
        ({ state, billNo, billingAccount }) =>
          ['new', 'onHold'].includes(state) && billNo === undefined && billingAccount.id !== 'given',
      );

  it('has its events unread, complete and in their order, and further ones only of drafts that are billed otherwise now', async () => {
    const events = await server.database.query<{ id: string; eventType: string; resourceId: string }>(
      sql`SELECT "id", "eventType", "resourceId" FROM "Outbox" ORDER BY "epoch", "transactionId", "id"`,
    );
    expect(events.slice(0, described.outbox.length).map(({ id }) => id)).toEqual(described.outbox);
    const further = events.slice(described.outbox.length);
    expect(further.length).toBeGreaterThan(3);
    expect(new Set(further.map(({ eventType }) => eventType))).toEqual(
      new Set(['CustomerBillAttributeValueChangeEvent']),
    );
    const drafts = new Set(draftsOf().map(({ id }) => id));
    expect(further.filter(({ resourceId }) => !drafts.has(resourceId))).toEqual([]);
  });

  async function bookProblems(): Promise<string[]> {
    const buckets = await all('/bucket?');
    expect(buckets.length).toBeGreaterThan(5);
    const problems: string[] = [];
    for (const { id } of buckets) problems.push(...(await ledgerProblems(server, id)));
    const held = await server.database.query<{ problem: string }>(sql`
      SELECT b."id" || ' has ' || b."reservedValueAmount" || ' reserved, its reservations hold ' || h."amount" AS "problem"
      FROM "Bucket" b CROSS JOIN LATERAL (
        SELECT coalesce(sum(h."amount"), 0) AS "amount" FROM "ReservationHold" h WHERE h."tenantId" = b."tenantId" AND h."bucketId" = b."id"
      ) h WHERE coalesce(b."reservedValueAmount", 0) <> h."amount"`);
    return [...problems, ...held.map(({ problem }) => problem), ...(await billingProblems(server))];
  }

  it('has books that are equal', async () => {
    expect(await bookProblems()).toEqual([]);
  });

  async function repeat(call: KeptCall): Promise<{ status: number; answer: unknown; isReplayed: boolean }> {
    const { door, method, path, contentType, key } = call;
    const body = door === 'graphql' ? inPresentNames(await schemaOf(server), call.body) : call.body;
    const response = await fetch(server.url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': contentType }), 'idempotency-key': key },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const answer: unknown = text === '' ? null : JSON.parse(text.replaceAll(server.url, ''));
    return {
      status: response.status,
      answer: door === 'graphql' ? inAttributes(answer) : answer,
      isReplayed: response.headers.get('idempotency-replayed') === 'true',
    };
  }

  it('answers every remembered key as it was answered', async () => {
    const before = (await rows('Outbox'))[0]?.count;
    expect(described.kept.length).toBeGreaterThan(40);
    for (const call of described.kept) {
      const { key, status, answer } = call;
      // Further attributes may have come since.
      expect({ key, ...(await repeat(call)) }).toMatchObject({ key, status, answer, isReplayed: true });
    }
    expect((await rows('Outbox'))[0]?.count).toBe(before);
  });

  const isFinished = ({ bill }: Described['bills'][number]): boolean => bill.billNo !== undefined;

  it('has its finished bills unchanged, each figure of them and each line', async () => {
    const finished = described.bills.filter(isFinished);
    const states = new Set(finished.map(({ bill }) => bill.state));
    for (const state of ['validated', 'sent', 'partiallyPaid', 'settled', 'onHold']) expect(states).toContain(state);
    for (const { bill, csv } of finished) {
      const { body } = await server.rest('GET', `/customerBill/${bill.id}`);
      expect(JSON.parse(JSON.stringify(body).replaceAll(server.url, ''))).toMatchObject(bill);
      expect(
        await (
          await fetch(`${server.url}/tmf-api/customerBillManagement/v4/customerBill/${bill.id}/document.csv`)
        ).text(),
      ).toBe(csv);
    }
  });

  /** What a bill says of money, and whom it names, by its account. */
  async function figuresOf(ids: readonly string[]): Promise<Record<string, unknown>> {
    const figures: Record<string, unknown> = {};
    for (const id of ids) {
      const { body } = await server.rest('GET', `/customerBill/${id}`);
      const {
        billingAccount,
        taxExcludedAmount,
        taxIncludedAmount,
        amountDue,
        remainingAmount,
        taxItem,
        category,
        relatedParty,
      } = body;
      figures[billingAccount.id] = {
        taxExcludedAmount,
        taxIncludedAmount,
        amountDue,
        remainingAmount,
        taxItem,
        category,
        relatedParty,
      };
    }
    return figures;
  }

  it('has its draft bills as a new run makes them', async () => {
    const drafts = described.bills
      .filter(({ bill }) => bill.state === 'new' && bill.billingAccount.id !== 'given')
      .map(({ bill }) => bill);
    expect(drafts.length).toBeGreaterThan(5);
    const kept = await figuresOf(drafts.map(({ id }) => id));
    expect(kept['draft: one rate']).toMatchObject({ amountDue: { value: 9.99, unit: 'EUR' } });
    for (const { id } of drafts) expect((await server.rest('DELETE', `/customerBill/${id}`)).status).toBe(204);
    await server.startJobs();
    const cycle = (await all('/billCycle?')).find(({ name }) => name === 'February');
    const run = await runCycle(server, cycle.id);
    expect(run).toMatchObject({ state: 'done', failed: 0 });
    const accounts = new Set(drafts.map(({ billingAccount }) => billingAccount.id));
    const made = (await all('/customerBill?state=new&')).filter(({ billingAccount }) =>
      accounts.has(billingAccount.id),
    );
    expect(await figuresOf(made.map(({ id }) => id))).toEqual(kept);
  });

  it('leaves a draft that a client made as it is', async () => {
    const { bill } = described.bills.find((one) => one.bill.billingAccount.id === 'given')!;
    const { body } = await server.rest('GET', `/customerBill/${bill.id}`);
    expect(body).toMatchObject({
      state: 'new',
      taxExcludedAmount: bill.taxExcludedAmount,
      taxIncludedAmount: bill.taxIncludedAmount,
      taxItem: bill.taxItem,
    });
  });

  const keptAs = (key: string): any => described.kept.find((call) => call.key === key)!.answer;
  const statusOf = async (path: string): Promise<string> => {
    const { body } = await server.rest('GET', path);
    return body.status ?? body.state;
  };

  it('goes on with what was under way', async () => {
    const bucket = { id: keptAs('bucket').id };
    const commit = {
      amount: { amount: 8, units: 'EUR' },
      adjustType: 'reservationDebit',
      reserveBalance: { id: keptAs('reservation').id },
    };
    expect((await server.rest('POST', '/adjustBalance', { body: commit })).body).toMatchObject({ status: 'completed' });

    const [filled] = await all('/bucket?name=Fills%20itself&');
    const debit = { amount: { amount: 20, units: 'EUR' }, bucket: { id: filled.id }, adjustType: 'oneTimeChargeDebit' };
    expect((await server.rest('POST', '/adjustBalance', { body: debit })).status).toBe(201);
    expect((await server.rest('GET', `/bucket/${filled.id}`)).body.remainingValue.amount).toBe(
      filled.remainingValue.amount,
    );

    server.clock.set('2026-12-31T12:00:00.000Z');
    expect(await statusOf(`/reserveBalance/${keptAs('reservation with an end').id}`)).toBe('cancelled');
    expect(await statusOf(`/topupBalance/${keptAs('scheduled topup').id}`)).toBe('completed');
    const periods = await all(`/topupBalance?relatedTopupBalance.id=${keptAs('recurring topup').id}&`);
    // From February to December.
    expect(periods.map(({ status }) => status)).toEqual(Array(11).fill('completed'));
    await eventually(
      'the cancellation is done',
      async () =>
        (await statusOf(`/cancelResourceOrder/${keptAs('cancellation for later').id}`)) === 'done' || undefined,
    );
    expect(
      (await server.rest('POST', '/topupBalance', { body: { amount: { amount: 1, units: 'EUR' }, bucket } })).status,
    ).toBe(201);
    expect(await bookProblems()).toEqual([]);
  });
});

describe.each(kinds)('a program that is older than the database, %s', (kind) => {
  let storage: Storage;

  afterEach(async () => {
    await killAll();
    await storage.remove();
  });

  it('refuses it with one line, and leaves it as it is', async () => {
    storage = await storageOf('0.1', kind);
    const newer = '99991231235959_of_later';
    await storage.inspect(async (database) => {
      await applyMigrations(database);
      await database.statement(
        `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ('later', 'none', $1, now(), 1)`,
        [newer],
      );
    });
    const program = new Program('start', { ...storage.env, SEED: 'none' });
    expect(await program.exitCode()).toBe(1);
    expect(program.errors).toBe(
      `the database has migration '${newer}', which this version of the server does not know\n`,
    );
  });
});
