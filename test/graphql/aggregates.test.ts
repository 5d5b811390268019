import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getNamedType, isEnumType, type GraphQLSchema } from 'graphql';
import type { Prisma } from '../../prisma/generated/client.js';
import { Decimal } from '../../src/platform/decimal.js';
import type { ReadOptions } from '../../src/platform/database/database.js';
import { localTime } from '../../src/platform/calendar.js';
import { random, randomUsage } from '../domain/usage/sums.js';
import { clientSchema } from '../fixtures/schema.js';
import { createMany } from '../fixtures/transports.js';
import { seed } from '../support/seed.js';
import { startTestServer, type TestServer } from '../support/server.js';

const zone = 'Europe/Berlin';

let server: TestServer;
let schema: GraphQLSchema;
let usages: any[];
let statements: { sql: Prisma.Sql; options: ReadOptions }[] = [];
beforeAll(async () => {
  server = await startTestServer({ OPERATOR_TIME_ZONE: zone });
  schema = await clientSchema(server);
  const { read } = server.database;
  Object.assign(server.database, {
    read: (sql: Prisma.Sql, options: ReadOptions) => (statements.push({ sql, options }), read(sql, options)),
  });
});
afterAll(() => server.close());

interface Asked {
  readonly filter?: object;
  readonly groupBy?: readonly string[];
  readonly of?: string;
  readonly orderBy?: readonly object[];
  readonly offset?: number;
  readonly limit?: number;
  readonly after?: string;
}

/** The page of groups of usages, and its first error. */
async function ask(asked: Asked): Promise<any> {
  const { data, errors } = await server.graphql(
    `query ($filter: UsageFilter, $groupBy: [UsageGroupKey!], $of: UsageAmount, $orderBy: [UsageGroupOrderBy!], $offset: Int, $limit: Int, $after: String) {
      page: usagesAggregate(filter: $filter, groupBy: $groupBy, of: $of, orderBy: $orderBy, offset: $offset, limit: $limit, after: $after) {
        totalCount items { keys { ${(asked.groupBy ?? []).join(' ')} __typename } count units sum min max avg } pageInfo { hasNextPage hasPreviousPage endCursor } } }`,
    { limit: 1000, ...asked },
  );
  return { ...data?.page, error: errors?.[0] };
}

// What groups mean, written down a second time and as plainly as can be.

type Value = string | boolean | null;

const of = {
  chargeToAmount: () => [],
  usageCharacteristicValue: (element: any) =>
    /^[0-9.]+$/.test(String(element.value)) ? [[null, String(element.value)]] : [],
  ratedProductUsageTaxExcludedRatingAmount: (element: any) => moneyOf(element.taxExcludedRatingAmount),
  ratedProductUsageTaxIncludedRatingAmount: (element: any) => moneyOf(element.taxIncludedRatingAmount),
} as const;

function moneyOf(money: any): [string, string][] {
  return money ? [[money.unit, String(money.value)]] : [];
}

function keyOf(name: string, usage: any, element: any): Value {
  if (name.startsWith('usageDate')) {
    const at = localTime(new Date(usage.usageDate), zone);
    const formats: Record<string, string> = { Day: 'yyyy-MM-dd', Week: "kkkk-'W'WW", Month: 'yyyy-MM', Year: 'yyyy' };
    return at.toFormat(formats[name.slice('usageDate'.length)] ?? '');
  }
  if (name === 'usageSpecificationRefId') return usage.usageSpecification.id;
  if (name === 'relatedPartyRefId') return element?.id ?? null;
  if (name === 'usageCharacteristicName') return element?.name ?? null;
  return usage[name] ?? null;
}

const listOf = (name: string): string | undefined =>
  ['relatedParty', 'usageCharacteristic', 'ratedProductUsage'].find((list) => name.startsWith(list));

function groupsOf(rows: readonly any[], groupBy: readonly string[], amount?: keyof typeof of): any[] {
  const groups = new Map<string, { count: number; amounts: string[] }>();
  const add = (keys: readonly Value[], amounts: readonly string[]): void => {
    const group = groups.get(JSON.stringify(keys)) ?? { count: 0, amounts: [] };
    groups.set(JSON.stringify(keys), { count: group.count + 1, amounts: [...group.amounts, ...amounts] });
  };
  for (const usage of rows) {
    // Each combination of keys that the usage has, and with each the amounts by their units.
    let combinations: { keys: Record<string, Value>; amounts?: Map<string | null, string[]> }[] = [{ keys: {} }];
    const lists = new Set([...groupBy, ...(amount ? [amount] : [])].map(listOf));
    for (const list of lists) {
      const here = groupBy.filter((name) => listOf(name) === list);
      const isOf = amount !== undefined && listOf(amount) === list;
      const found = new Map<string, Map<string | null, string[]>>();
      const elements = list === undefined ? [undefined] : (usage[list] ?? []);
      for (const element of isOf || elements.length > 0 ? elements : [undefined]) {
        const keys = JSON.stringify(Object.fromEntries(here.map((name) => [name, keyOf(name, usage, element)])));
        const units = found.get(keys) ?? new Map<string | null, string[]>();
        for (const [unit = null, value = ''] of (isOf ? of[amount](element) : []) as [string | null, string][])
          units.set(unit, [...(units.get(unit) ?? []), value]);
        found.set(keys, units);
      }
      combinations = combinations.flatMap(({ keys, amounts }) =>
        [...found].map(([more, units]) => ({
          keys: { ...keys, ...(JSON.parse(more) as object) },
          amounts: isOf ? units : amounts,
        })),
      );
    }
    for (const { keys, amounts } of combinations) {
      const values = groupBy.map((name) => keys[name] ?? null);
      if (amount === undefined) add(values, []);
      else for (const [unit, numbers] of amounts ?? []) add([...values, unit], numbers);
    }
  }
  if (groupBy.length === 0 && amount === undefined && rows.length === 0) add([], []);
  return [...groups]
    .map(([text, group]) => ({ keys: JSON.parse(text) as Value[], ...group }))
    .sort((one, other) => inOrder(one.keys, other.keys))
    .map(({ keys, count, amounts }) => {
      const numbers = amounts.map((text) => new Decimal(text));
      const sum = numbers.reduce((all, number) => all.plus(number), new Decimal(0));
      const measured = numbers.length > 0;
      return {
        keys: Object.fromEntries(groupBy.map((name, index) => [name, keys[index]])),
        count,
        units: amount ? keys.at(-1) : null,
        sum: measured ? sum.toNumber() : null,
        min: measured ? Decimal.min(...numbers).toNumber() : null,
        max: measured ? Decimal.max(...numbers).toNumber() : null,
        avg: measured ? sum.div(numbers.length).toDecimalPlaces(10, Decimal.ROUND_HALF_UP).toNumber() : null,
      };
    });
}

function inOrder(one: readonly Value[], other: readonly Value[]): number {
  const at = one.findIndex((key, index) => key !== other[index]);
  const [a, b] = [one[at], other[at]];
  if (at < 0) return 0;
  return a === null ? 1 : b === null ? -1 : String(a) < String(b) ? -1 : 1;
}

const plain = (items: readonly any[]): any[] =>
  items.map(({ keys: { __typename: _, ...keys }, ...figures }) => ({ keys, ...figures }));

describe('groups of nothing', () => {
  it('are one that has nothing, or none', async () => {
    const nothing = { units: null, sum: null, min: null, max: null, avg: null };
    expect(await ask({})).toMatchObject({ totalCount: 1, items: [{ count: 0, ...nothing }] });
    expect(await ask({ groupBy: ['status'] })).toMatchObject({ totalCount: 0, items: [] });
    expect(await ask({ of: 'ratedProductUsageTaxExcludedRatingAmount' })).toMatchObject({ totalCount: 0, items: [] });
  });
});

describe('groups of usages', () => {
  beforeAll(async () => {
    const next = random(seed);
    usages = Array.from({ length: 300 }, () => randomUsage(next));
    for (let from = 0; from < usages.length; from += 150)
      await createMany(server, 'graphql', 'Usage', usages.slice(from, from + 150));
  });

  const groupings: [string[], (keyof typeof of)?][] = [
    [[]],
    [['usageType']],
    [['usageDateWeek', 'usageType', 'status']],
    [['relatedPartyRefId', 'usageSpecificationRefId']],
    [['relatedPartyRefId', 'usageCharacteristicName', 'usageDateYear']],
    [[], 'ratedProductUsageTaxExcludedRatingAmount'],
    [[], 'chargeToAmount'],
    [['usageDateDay', 'usageDateMonth'], 'ratedProductUsageTaxIncludedRatingAmount'],
    [['relatedPartyRefId', 'usageType'], 'ratedProductUsageTaxExcludedRatingAmount'],
    [['usageCharacteristicName', 'status'], 'usageCharacteristicValue'],
    [['relatedPartyRefId'], 'usageCharacteristicValue'],
  ];

  it(`equal what is added up by hand, in the order of their keys (seed ${seed})`, async () => {
    for (const [groupBy, amount] of groupings) {
      const wanted = groupsOf(usages, groupBy, amount);
      const { items, totalCount, error } = await ask({ groupBy, of: amount });
      expect([seed, groupBy, amount, error]).toEqual([seed, groupBy, amount, undefined]);
      expect([seed, groupBy, amount, plain(items)]).toEqual([seed, groupBy, amount, wanted]);
      expect(totalCount).toBe(wanted.length);
    }
  });

  it('are those of what the filter finds', async () => {
    const filter = { status: { ne: 'guided' }, relatedParty: { some: { refId: { eq: 'a' } } } };
    const found = usages.filter(
      ({ status, relatedParty }) => status !== 'guided' && relatedParty?.some(({ id }: any) => id === 'a'),
    );
    const groupBy = ['relatedPartyRefId', 'status'];
    const { items } = await ask({ filter, groupBy, of: 'ratedProductUsageTaxExcludedRatingAmount' });
    expect(plain(items)).toEqual(groupsOf(found, groupBy, 'ratedProductUsageTaxExcludedRatingAmount'));
  });

  it('come in the order that is asked for, page by page', async () => {
    const groupBy = ['usageType', 'usageDateDay'];
    const amount = 'ratedProductUsageTaxExcludedRatingAmount';
    const all = groupsOf(usages, groupBy, amount);
    const byNumber = (name: string, sign: number) => (one: any, other: any) =>
      one[name] === other[name] ? all.indexOf(one) - all.indexOf(other) : sign * (one[name] - other[name]);
    const orders: [object[], any[]][] = [
      [[{ figure: 'count', direction: 'DESC' }], [...all].sort(byNumber('count', -1))],
      [[{ figure: 'sum' }], [...all].sort(byNumber('sum', 1))],
      [[{ figure: 'avg', direction: 'DESC' }], [...all].sort(byNumber('avg', -1))],
    ];
    for (const [orderBy, wanted] of orders) {
      const byOffset: any[] = [];
      const byCursor: any[] = [];
      for (let offset = 0; offset < all.length; offset += 5)
        byOffset.push(...(await ask({ groupBy, of: amount, orderBy, offset, limit: 5 })).items);
      let after: string | undefined;
      for (let isMore = true; isMore;) {
        const page = await ask({ groupBy, of: amount, orderBy, limit: 5, after });
        expect([page.error, page.totalCount]).toEqual([undefined, all.length]);
        byCursor.push(...page.items);
        ({ endCursor: after, hasNextPage: isMore } = page.pageInfo);
      }
      expect(plain(byOffset)).toEqual(wanted);
      expect(plain(byCursor)).toEqual(wanted);
    }
    const { items } = await ask({ groupBy, orderBy: [{ key: 'usageDateDay', direction: 'DESC' }], limit: 1 });
    expect(items[0].keys.usageDateDay).toBe(
      groupsOf(usages, groupBy)
        .map(({ keys }) => keys.usageDateDay)
        .sort()
        .at(-1),
    );
  });

  it('are counted without being read, and beyond the last there is none', async () => {
    const groupBy = ['usageDateDay'];
    const { length } = groupsOf(usages, groupBy);
    expect(await ask({ groupBy, limit: 0 })).toMatchObject({ totalCount: length, items: [] });
    expect(await ask({ groupBy, offset: 1000 })).toMatchObject({ totalCount: length, items: [] });
  });

  it('are one statement for each field, a report unless the filter names whose', async () => {
    const list = '{ items { keys { status } count sum } totalCount }';
    statements = [];
    const { data, errors } = await server.graphql(
      `{ all: usagesAggregate(groupBy: [status], of: ratedProductUsageTaxExcludedRatingAmount) ${list}
         own: usagesAggregate(groupBy: [status], filter: { relatedParty: { some: { refId: { eq: "a" } } } }) { items { count } }
         bucketsAggregate { items { count } } }`,
    );
    expect([errors, data.all.totalCount]).toEqual([undefined, data.all.items.length]);
    expect(statements.map(({ options }) => options.workClass)).toEqual(['report', undefined, 'report']);
  });

  it.each([
    [{ groupBy: ['status', 'status'] }, 'groupBy names status twice'],
    [{ groupBy: ['status'], limit: 1001 }, 'the limit PAGE_SIZE_MAX is 1000'],
    [{ groupBy: ['status'], offset: 100_001 }, 'the limit OFFSET_MAX is 100000'],
    [{ orderBy: [{ key: 'status' }] }, 'orderBy names status, but groupBy does not'],
    [{ orderBy: [{ figure: 'sum' }] }, 'orderBy names sum, but there is no amount: say of which'],
    [{ orderBy: [{ direction: 'DESC' }] }, 'each orderBy element names either a key or a figure'],
    [{ groupBy: ['status'], after: 'bm8' }, "after: 'bm8' is not a cursor of this order"],
    [
      {
        groupBy: ['status', 'usageType', 'source', 'externalId', 'atType', 'usageDateDay', 'usageDateWeek', 'usageDateMonth', 'usageDateYear'], // prettier-ignore
      },
      'groupBy has 9 keys: the limit GROUP_KEYS_MAX is 8',
    ],
    [{ orderBy: Array.from({ length: 11 }, () => ({ figure: 'count' })) }, 'the limit SORT_KEYS_MAX is 10'],
  ])('%j is refused: %s', async (asked, message) => {
    const { error } = await ask(asked);
    expect([error?.extensions.status, error?.message]).toEqual([400, expect.stringContaining(message)]);
  });

  it('by what nobody knows are refused by its name', async () => {
    for (const text of ['groupBy: [colour]', 'of: colour', 'orderBy: [{ key: colour }]']) {
      const { errors } = await server.graphql(`{ usagesAggregate(${text}) { totalCount } }`);
      expect(errors?.[0]?.message).toContain('colour');
    }
    const { errors } = await server.graphql('{ usagesAggregate { items { keys { colour } } } }');
    expect(errors?.[0]?.message).toContain('colour');
  });
});

it('every list has groups by everything that its resource can be grouped by, and of every amount', async () => {
  const problems: string[] = [];
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  const lists = fields.filter(({ type }) => /(?<!Group)Page$/.test(getNamedType(type).name));
  for (const { name, type } of lists) {
    const aggregate = fields.find((field) => field.name === `${name}Aggregate`);
    expect([name, getNamedType(aggregate!.type).name]).toEqual([
      name,
      getNamedType(type).name.replace(/Page$/, 'GroupPage'),
    ]);
    const valuesOf = (argument: string): string[] => {
      const named = aggregate?.args.find((arg) => arg.name === argument);
      const found = named && getNamedType(named.type);
      return isEnumType(found) ? found.getValues().map((value) => value.name) : [];
    };
    const keys = valuesOf('groupBy');
    // Neither what documents hold, nor their addresses, which are made when they are shown.
    expect(keys.filter((key) => /(Content|Url)$/.test(key))).toEqual([]);
    const calls = Array.from({ length: Math.ceil(keys.length / 8) }, (_, part) => {
      const some = keys.slice(part * 8, part * 8 + 8).join(' ');
      return `(groupBy: [${some}]) { items { keys { ${some} } count } }`;
    });
    calls.push(...valuesOf('of').map((of) => `(groupBy: [${keys[0]}], of: ${of}) { items { units sum min max avg } }`));
    for (let from = 0; from < calls.length; from += 6) {
      const aliased = calls.slice(from, from + 6).map((call, index) => `a${index}: ${name}Aggregate${call}`);
      const { errors } = await server.graphql(`{ ${aliased.join('\n')} }`);
      if (errors) problems.push(`${name}: ${JSON.stringify(errors[0])}`);
    }
  }
  expect(lists.length).toBeGreaterThan(20);
  expect(problems).toEqual([]);
});
