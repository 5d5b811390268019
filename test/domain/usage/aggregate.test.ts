import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { Decimal } from '../../../src/platform/decimal.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { createMany, made, remove, update } from '../../fixtures/transports.js';
import { random, randomUsage, sumsOf, type Grouping, type Sums } from './sums.js';

const zone = 'Europe/Berlin';
const usageSpecification = { id: 'nobody-knows-it' };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ OPERATOR_TIME_ZONE: zone });
});
afterEach(async () => {
  await server.database.client.usage.deleteMany();
});
afterAll(() => server.close());

const selection =
  '{ usageType status specification { refId } party day month count characteristicCount characteristicSum rated { unit count taxExcludedRatingAmount taxIncludedRatingAmount } }';

interface Request {
  filter?: object;
  groupBy: readonly string[];
  characteristic?: string;
  limit?: number;
  offset?: number;
}

async function ask(
  request: Request,
): Promise<{ groups: any[]; error?: { message: string; extensions: { code: string; status: number } } }> {
  const parameters =
    '$filter: UsageFilter, $groupBy: [UsageGroupBy!]!, $characteristic: String, $limit: Int, $offset: Int';
  const given = 'filter: $filter, groupBy: $groupBy, characteristic: $characteristic, limit: $limit, offset: $offset';
  const { data, errors } = await server.graphql(
    `query (${parameters}) { groups: usageAggregate(${given}) ${selection} }`,
    request,
  );
  return { groups: data?.groups, error: errors?.[0] };
}

/** The groups by their keys, without what they are not grouped by. */
async function groupsBy(groupBy: readonly string[], more: Omit<Request, 'groupBy'> = {}): Promise<any[]> {
  const { groups, error } = await ask({ groupBy, ...more });
  if (error) throw new Error(error.message);
  return groups.map((group) =>
    Object.fromEntries(
      Object.entries(group).filter(
        ([name]) =>
          groupBy.includes(name) ||
          ['count', 'rated'].includes(name) ||
          (more.characteristic && name.startsWith('characteristic')),
      ),
    ),
  );
}

const money = (value: number, unit = 'EUR'): object => ({ value, unit });
const rating = (taxExcluded: object | undefined, taxIncluded: object | undefined): object => ({
  taxExcludedRatingAmount: taxExcluded,
  taxIncludedRatingAmount: taxIncluded,
});
const one = (usage: object): Promise<any> => made(server, 'Usage', { usageSpecification, ...usage });

describe('sums over usages', () => {
  const groupings: Grouping[][] = [
    [],
    ['usageType'],
    ['status'],
    ['specification'],
    ['party'],
    ['day'],
    ['month'],
    ['day', 'usageType'],
    ['party', 'month', 'status'],
    ['usageType', 'status', 'specification', 'party', 'day', 'month'],
  ];

  it(`equal what is added up by hand, whatever they are grouped by (seed ${seed})`, async () => {
    const next = random(seed);
    const usages = Array.from({ length: 400 }, () => randomUsage(next));
    for (let from = 0; from < usages.length; from += 200)
      await createMany(server, 'graphql', 'Usage', usages.slice(from, from + 200));
    for (const groupBy of groupings) {
      const { groups, error } = await ask({ groupBy, characteristic: 'volume' });
      expect([seed, groupBy, error]).toEqual([seed, groupBy, undefined]);
      expect([seed, groupBy, groups.map(exact)]).toEqual([seed, groupBy, sumsOf(usages, groupBy, zone)]);
    }
  });

  it('follow what is changed and what is deleted', async () => {
    const first = await one({
      status: 'rated',
      usageType: 'voice',
      ratedProductUsage: [rating(money(1), money(1.19))],
    });
    const second = await one({
      status: 'rated',
      usageType: 'voice',
      ratedProductUsage: [rating(money(0.1), undefined), rating(money(0.2), money(0.4))],
    });
    expect(await groupsBy(['usageType'])).toEqual([
      {
        usageType: 'voice',
        count: 2,
        rated: [{ unit: 'EUR', count: 2, taxExcludedRatingAmount: 1.3, taxIncludedRatingAmount: 1.59 }],
      },
    ]);
    await update(server, 'rest', 'Usage', first.id, {
      status: 'rerated',
      ratedProductUsage: [rating(money(5, 'USD'), undefined)],
    });
    await update(server, 'rest', 'Usage', second.id, { usageType: 'data' });
    expect(await groupsBy(['usageType', 'status'])).toEqual([
      {
        usageType: 'data',
        status: 'rated',
        count: 1,
        rated: [{ unit: 'EUR', count: 1, taxExcludedRatingAmount: 0.3, taxIncludedRatingAmount: 0.4 }],
      },
      {
        usageType: 'voice',
        status: 'rerated',
        count: 1,
        rated: [{ unit: 'USD', count: 1, taxExcludedRatingAmount: 5, taxIncludedRatingAmount: null }],
      },
    ]);
    await remove(server, 'rest', 'Usage', first.id);
    expect(await groupsBy([])).toEqual([
      { count: 1, rated: [{ unit: 'EUR', count: 1, taxExcludedRatingAmount: 0.3, taxIncludedRatingAmount: 0.4 }] },
    ]);
  });

  it('never add amounts of two currencies, not even those of one usage', async () => {
    await one({ ratedProductUsage: [rating(money(1, 'EUR'), undefined), rating(undefined, money(2, 'USD'))] });
    await one({
      ratedProductUsage: [
        rating(money(10, 'EUR'), money(11, 'EUR')),
        rating(money(20, 'USD'), money(21, 'USD')),
        rating(undefined, undefined),
      ],
    });
    await one({ ratedProductUsage: [] });
    await one({});
    expect(await groupsBy([])).toEqual([
      {
        count: 4,
        rated: [
          { unit: 'EUR', count: 2, taxExcludedRatingAmount: 11, taxIncludedRatingAmount: 11 },
          { unit: 'USD', count: 2, taxExcludedRatingAmount: 20, taxIncludedRatingAmount: 23 },
        ],
      },
    ]);
  });

  it("take days and months from the operator's clock", async () => {
    for (const usageDate of [
      '2026-01-31T23:30:00Z',
      '2026-02-01T08:00:00Z',
      '2026-06-30T21:59:59.999Z',
      '2026-06-30T22:00:00Z',
    ])
      await one({ usageDate });
    expect(await groupsBy(['day'])).toEqual([
      { day: '2026-02-01', count: 2, rated: [] },
      { day: '2026-06-30', count: 1, rated: [] },
      { day: '2026-07-01', count: 1, rated: [] },
    ]);
    expect((await groupsBy(['month'])).map(({ month, count }) => [month, count])).toEqual([
      ['2026-02', 2],
      ['2026-06', 1],
      ['2026-07', 1],
    ]);
  });

  it('count a usage under each of its parties, once', async () => {
    const party = (id: string, role: string): object => ({ id, role, '@referredType': 'Individual' });
    await one({ relatedParty: [party('a', 'customer'), party('b', 'payer'), party('a', 'user')] });
    await one({ relatedParty: [party('b', 'customer')] });
    await one({});
    expect((await groupsBy(['party'])).map((group) => [group.party, group.count])).toEqual([
      ['a', 1],
      ['b', 2],
      [null, 1],
    ]);
  });

  it('add up a characteristic where it is a number, or a text that is one, and tell how many had one', async () => {
    const volumes = [1.5, '2.25', '-1e2', '', 'much', true, [1], { value: 1 }, '1e999', '٣', null];
    for (const value of volumes)
      if (value !== null)
        await one({
          usageCharacteristic: [
            { name: 'volume', value },
            { name: 'other', value: 1000 },
          ],
        });
    await one({
      usageCharacteristic: [
        { name: 'volume', value: 1 },
        { name: 'volume', value: 2 },
      ],
    });
    await one({ usageCharacteristic: [{ name: 'other', value: 4 }] });
    await one({});
    expect(await groupsBy([], { characteristic: 'volume' })).toEqual([
      { count: 13, characteristicCount: 4, characteristicSum: -93.25, rated: [] },
    ]);
    expect(await groupsBy([], { characteristic: 'unheard-of' })).toEqual([
      { count: 13, characteristicCount: 0, characteristicSum: null, rated: [] },
    ]);
  });

  it('refuse a characteristic that adds up to more than a number can hold, naming it', async () => {
    for (const value of [1.7e308, 1.7e308]) await one({ usageCharacteristic: [{ name: 'volume', value }] });
    const { error } = await ask({ groupBy: [], characteristic: 'volume' });
    expect(error).toMatchObject({
      message: expect.stringContaining("'volume'"),
      extensions: { code: 'INVALID_QUERY', status: 400 },
    });
    expect(await groupsBy([])).toEqual([{ count: 2, rated: [] }]);
  });

  it('are those of the usages that the filter lets through', async () => {
    await one({
      usageType: 'voice',
      usageDate: '2026-03-01T00:00:00Z',
      relatedParty: [{ id: 'a', '@referredType': 'Individual' }],
    });
    await one({ usageType: 'voice', usageDate: '2026-03-02T00:00:00Z' });
    await one({ usageType: 'data' });
    const counted = async (filter: object): Promise<number> => (await groupsBy([], { filter }))[0].count;
    expect(await counted({ usageType: { eq: 'voice' } })).toBe(2);
    expect(await counted({ usageType: { eq: 'voice' }, usageDate: { lt: '2026-03-02T00:00:00Z' } })).toBe(1);
    expect(await counted({ relatedParty: { some: { refId: { eq: 'a' } } } })).toBe(1);
    expect(await counted({ usageType: { eq: 'none' } })).toBe(0);
    expect(await groupsBy(['usageType'], { filter: { usageType: { eq: 'none' } } })).toEqual([]);
  });

  it('are those of the caller alone', async () => {
    await one({});
    await server.database.client.usage.updateMany({ data: { tenantId: 'another' } });
    expect(await groupsBy([])).toEqual([{ count: 0, rated: [] }]);
  });

  it('refuse more groups than an answer holds, and come in pages', async () => {
    await one({});
    await server.database.query(Prisma.sql`
      INSERT INTO "Usage" ("tenantId", "id", "status", "usageType", "usageDate", "usageSpecification", "updatedAt")
      SELECT "tenantId", "id" || n, "status", 'type-' || to_char(n, 'FM0000'), "usageDate", "usageSpecification", "updatedAt" FROM "Usage", generate_series(1, 1000) n`);
    const { error } = await ask({ groupBy: ['usageType'] });
    expect(error).toMatchObject({
      message: expect.stringContaining('more than 1000 groups'),
      extensions: { code: 'INVALID_QUERY', status: 400 },
    });
    expect((await groupsBy(['usageType'], { limit: 2, offset: 998 })).map(({ usageType }) => usageType)).toEqual([
      'type-0999',
      'type-1000',
    ]);
    expect((await groupsBy(['usageType'], { limit: 1000, offset: 1000 })).map(({ usageType }) => usageType)).toEqual([
      null,
    ]);
    expect(await groupsBy(['usageType'], { limit: 0 })).toEqual([]);
    expect((await groupsBy(['usageType'], { filter: { usageType: { isNull: false } } })).length).toBe(1000);
  });

  it.each([
    [{ groupBy: ['day', 'status', 'day'] }, 'INVALID_ATTRIBUTE', 'day twice'],
    [{ groupBy: [], characteristic: '' }, 'INVALID_ATTRIBUTE', 'characteristic'],
    [{ groupBy: [], characteristic: 'x'.repeat(256) }, 'INVALID_ATTRIBUTE', 'characteristic'],
    [{ groupBy: [], limit: -1 }, 'INVALID_QUERY', 'limit'],
    [{ groupBy: [], limit: 1001 }, 'INVALID_QUERY', 'limit'],
    [{ groupBy: [], offset: -1 }, 'INVALID_QUERY', 'offset'],
    [{ groupBy: ['week'] }, 'BAD_USER_INPUT', 'week'],
    [{ groupBy: [], filter: { colour: { eq: 'red' } } }, 'BAD_USER_INPUT', 'colour'],
  ])('refuse %j with %s, by name', async (request, code, named) => {
    const { error } = await ask(request);
    expect(error).toMatchObject({ message: expect.stringContaining(named), extensions: { code, status: 400 } });
  });
});

/** With sums as the texts that they are, exactly. */
function exact({ specification, characteristicSum, rated, ...group }: any): Sums {
  const text = (value: number | null): string | null => (value === null ? null : new Decimal(value).toString());
  return {
    ...group,
    specification: specification?.refId ?? null,
    characteristicSum: text(characteristicSum),
    rated: rated.map((total: any) => ({
      ...total,
      taxExcludedRatingAmount: text(total.taxExcludedRatingAmount),
      taxIncludedRatingAmount: text(total.taxIncludedRatingAmount),
    })),
  };
}
