import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { pino } from 'pino';
import { Prisma } from '../../../prisma/generated/client.js';
import { createServer, type AppServer } from '../../../src/app/server.js';
import { readConfig } from '../../../src/platform/config.js';
import type { Database } from '../../../src/platform/database/database.js';
import { contentOf } from '../../fixtures/rows.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestClock } from '../../support/server.js';

const dayMs = 24 * 3_600_000;

/** A server on the database that SEED is to fill, which has not begun to listen. */
function serverOn(database: Database, clock: TestClock, SEED = 'demo'): Promise<AppServer> {
  const config = readConfig({ PORT: '0', SEED, LOG_LEVEL: 'silent' }, 'sandbox');
  return createServer({ config, database, logger: pino({ level: 'silent' }), clock });
}

async function countBy(database: Database, table: string, column: string): Promise<Record<string, number>> {
  const rows = await database.query<{ value: string; count: number }>(
    Prisma.raw(`SELECT "${column}" AS "value", count(*)::int AS "count" FROM "${table}" GROUP BY 1 ORDER BY 1`),
  );
  return Object.fromEntries(rows.map(({ value, count }) => [value, count]));
}

/** What of the data is the same in every sandbox, whatever day it is and however often a start was interrupted. */
async function factsOf(database: Database): Promise<unknown[]> {
  const queries = [
    `SELECT "id", "name", "status", "remainingValueAmount"::text, "reservedValueAmount"::text, "entrySequence" FROM "Bucket" ORDER BY "id"`,
    `SELECT "kind", "status", "amountAmount"::text, "reason", count(*)::int FROM "BalanceAction" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
    `SELECT "externalId", "status", "ratedTaxIncluded"::text FROM "Usage" ORDER BY "externalId"`,
    `SELECT "billingAccount" ->> 'id' AS "account", "state", "billNo" IS NULL AS "isDraft", "amountDueValue"::text, "remainingAmountValue"::text FROM "CustomerBill" ORDER BY 1, 4, 2`,
    `SELECT "name", "state", "relatedParty" -> 0 ->> 'id' AS "party" FROM "ResourceOrder" ORDER BY "id"`,
  ];
  return Promise.all(queries.map((text) => database.query(Prisma.raw(text))));
}

describe('the demo data', () => {
  let database: TestDatabase;
  let server: AppServer;
  let url: string;
  let facts: unknown[];
  const clock = new TestClock();
  beforeAll(async () => {
    database = await openTestDatabase();
    server = await serverOn(database, clock);
    await server.seed();
    facts = await factsOf(database);
    url = await server.listen();
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  const rowsOf = async (path: string): Promise<any[]> => {
    const rows: any[] = [];
    for (let more = true; more;) {
      const answer = await fetch(`${url}${path}?limit=1000&offset=${rows.length}`);
      expect([200, 206]).toContain(answer.status);
      const page = (await answer.json()) as any[];
      rows.push(...page);
      more = page.length === 1_000;
    }
    return rows;
  };

  it('are twenty customers, with every resource in every state that it stays in', async () => {
    const parties = await database.query<{ id: string }>(
      Prisma.sql`SELECT DISTINCT jsonb_array_elements("relatedParty") ->> 'id' AS "id" FROM "Bucket"`,
    );
    expect(parties.map(({ id }) => id).sort()).toEqual(
      Array.from({ length: 20 }, (_, index) => `customer-${index + 1}`).sort(),
    );
    const statesOf = async (table: string, column = 'state'): Promise<string[]> =>
      Object.keys(await countBy(database, table, column));
    expect({
      buckets: await statesOf('Bucket', 'status'),
      actions: await statesOf('BalanceAction', 'status'),
      kinds: await statesOf('BalanceAction', 'kind'),
      usages: await statesOf('Usage', 'status'),
      bills: await statesOf('CustomerBill'),
      onDemand: await statesOf('CustomerBillOnDemand'),
      orders: await statesOf('ResourceOrder'),
      cancellations: await statesOf('CancelResourceOrder'),
    }).toEqual({
      buckets: ['active', 'expired', 'suspended'],
      actions: ['cancelled', 'completed', 'created', 'failed'],
      kinds: ['adjustBalance', 'reserveBalance', 'topupBalance', 'transferBalance'],
      usages: ['billed', 'guided', 'rated', 'received', 'rejected'],
      bills: ['new', 'onHold', 'partiallyPaid', 'sent', 'settled', 'validated'],
      onDemand: ['done', 'rejected', 'terminatedWithError'],
      orders: [
        'acknowledged',
        'cancelled',
        'completed',
        'failed',
        'held',
        'inProgress',
        'partial',
        'pending',
        'rejected',
      ],
      cancellations: ['accepted', 'done', 'terminatedWithError'],
    });
  });

  it('has for every bucket a ledger that comes to what is left, in order of time, over three months', async () => {
    const wrong = await database.query(Prisma.sql`
      SELECT b."id" FROM "Bucket" b LEFT JOIN (
        SELECT "bucketId", sum("remainingDelta") AS "remaining", sum("reservedDelta") AS "reserved" FROM "LedgerEntry" GROUP BY 1
      ) l ON l."bucketId" = b."id"
      WHERE b."remainingValueAmount" IS DISTINCT FROM l."remaining" OR b."reservedValueAmount" IS DISTINCT FROM l."reserved"`);
    expect(wrong).toEqual([]);
    expect(await database.client.ledgerStepBack.count()).toBe(0);
    const [span] = await database.query<{ first: Date; last: Date }>(
      Prisma.sql`SELECT min("recordedAt") AS "first", max("recordedAt") AS "last" FROM "LedgerEntry"`,
    );
    const now = clock.now().getTime();
    expect(now - span!.first.getTime()).toBeGreaterThan(90 * dayMs);
    expect(span!.last.getTime()).toBeLessThanOrEqual(now);
    const usages = await database.client.usage.findMany({ select: { usageDate: true }, orderBy: { usageDate: 'asc' } });
    expect(now - usages[0]!.usageDate.getTime()).toBeGreaterThan(90 * dayMs);
    expect(usages.at(-1)!.usageDate.getTime()).toBeLessThanOrEqual(now);
  });

  it('has in every row what the official kits ask of every row', async () => {
    const { apis } = await import(new URL('../../conformance/apis.js', import.meta.url).href);
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const valuesAt = (value: any, path: readonly string[]): unknown[] => {
      const [name, ...rest] = path;
      if (Array.isArray(value)) return value.flatMap((one) => valuesAt(one, path));
      return name === undefined ? [value] : valuesAt(value?.[name], rest);
    };
    const checked: Record<string, number> = {};
    for (const { basePath, folders } of apis)
      for (const { method, path, expect: asked } of folders.flatMap(({ requests }: any) => requests)) {
        if (method !== 'GET' || asked.body !== 'list' || path.includes('?')) continue;
        const rows = await rowsOf(`${basePath}/${path}`);
        const wanted = [
          ...new Set<string>([asked.mandatory, asked.shown, asked.held, Object.values(asked.present ?? {})].flat()),
        ].filter((name) => name !== undefined);
        for (const row of rows) {
          for (const name of wanted) {
            const values = name in row ? [row[name]] : valuesAt(row, name.split('.'));
            expect([path, row.id, name, values.length > 0]).toEqual([path, row.id, name, true]);
            for (const value of values)
              expect([path, row.id, name, value, ajv.validate(asked.attributes[name], value)]).toEqual([
                path,
                row.id,
                name,
                value,
                true,
              ]);
          }
          if (asked.schema)
            expect([path, row.id, ajv.validate(asked.schema.schema, row), ajv.errors]).toEqual([
              path,
              row.id,
              true,
              null,
            ]);
        }
        checked[path] = rows.length;
      }
    expect(Object.keys(checked).length).toBeGreaterThanOrEqual(10);
    // The kits look for what they make in a list without paging, which answers the first 1,000.
    expect(Object.entries(checked).filter(([, count]) => count === 0 || count > 950)).toEqual([]);
  });

  it('has bucket 11 of money, and a bill in state new with its document', async () => {
    const base = '/tmf-api';
    const bucket = await (await fetch(`${url}${base}/prepayBalanceManagement/v4/bucket/11`)).json();
    expect(bucket).toMatchObject({ usageType: 'monetary', remainingValue: { units: 'EUR' }, status: 'active' });
    const bills: any = await (await fetch(`${url}${base}/customerBillManagement/v4/customerBill?state=new`)).json();
    expect(bills.length).toBeGreaterThan(0);
    const { url: address } = bills[0].billDocument[0];
    const document = await fetch(address);
    expect([document.status, document.headers.get('content-type')]).toEqual([200, 'application/pdf']);
  });

  it('is written once, and not beside the data of the kits', async () => {
    const before = await contentOf(database);
    clock.advance(40 * dayMs);
    await server.seed();
    expect(await contentOf(database)).toEqual(before);
    const kit = await serverOn(database, clock, 'kit');
    await kit.seed();
    await kit.close();
    const { ServerState: _epoch, ...after } = await contentOf(database);
    const { ServerState, ...first } = before;
    expect(after).toEqual(first);
  });

  it('is continued after a start that died, and comes to the same on any day', async () => {
    const died = await openTestDatabase();
    try {
      const laterClock = new TestClock();
      laterClock.set('2026-12-31T23:55:00.000Z');
      for (const transactions of [40, 300, Infinity]) {
        let left = transactions;
        const dying = new Proxy(died, {
          get: (target, name) => {
            const value: unknown = Reflect.get(target, name);
            if (name !== 'transaction') return typeof value === 'function' ? value.bind(target) : value;
            return (...call: Parameters<Database['transaction']>) => {
              if (--left < 0) throw new Error('the server died');
              return target.transaction(...call);
            };
          },
        });
        const next = await serverOn(dying, laterClock);
        if (transactions === Infinity) await next.seed();
        else await expect(next.seed()).rejects.toThrow('the server died');
        left = Infinity;
        await next.close();
        laterClock.advance(3_600_000);
      }
      expect(await factsOf(died)).toEqual(facts);
    } finally {
      await died.close();
    }
  });
});
