import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { send } from '../fixtures/http.js';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server.js';

/** A document runs interpreted the first time and compiled from the second on: both must read variables alike. */
const times = 3;

describe('a null in a filter', () => {
  let server: TestServer;
  let all: string[];

  beforeAll(async () => {
    server = await startTestServer();
    for (const customer of ['1', '2', '3']) {
      const body = {
        usageType: 'monetary',
        name: `of ${customer}`,
        remainingValue: { amount: 5, units: 'EUR' },
        relatedParty: [{ id: customer, role: 'customer', '@referredType': 'Individual' }],
        '@schemaLocation': 'https://schemas.example/Bucket',
        colour: 'red',
      };
      expect((await server.rest('POST', '/bucket', { body })).status).toBe(201);
    }
    const { data } = await server.graphql('{ buckets { items { id } } }');
    all = idsOf(data.buckets);
    expect(all).toHaveLength(3);
  });
  afterAll(() => server.close());

  const idsOf = ({ items }: { items: { id: string }[] }): string[] => items.map(({ id }) => id);
  const several = async (query: string, variables?: object): Promise<GraphqlAnswer[]> => {
    const answers: GraphqlAnswer[] = [];
    for (let at = 0; at < times; at += 1) answers.push(await server.graphql(query, variables));
    return answers;
  };
  const expectRefusal = async (query: string, variables: object, path: string): Promise<void> => {
    for (const { data, errors } of await several(query, variables)) {
      expect([query, data?.buckets ?? null]).toEqual([query, null]);
      expect(errors).toEqual([
        expect.objectContaining({
          message: expect.stringContaining(`${path} `),
          extensions: expect.objectContaining({ code: 'INVALID_FILTER', status: 400, attribute: path }),
        }),
      ]);
      expect(errors?.[0]?.message).toContain('use isNull');
    }
  };
  const expectRows = async (query: string, variables: object, expected: readonly string[]): Promise<void> => {
    for (const { data, errors } of await several(query, variables)) {
      expect([query, variables, errors, data && idsOf(data.buckets)]).toEqual([query, variables, undefined, expected]);
    }
  };
  const whole = 'query ($filter: BucketFilter) { buckets(filter: $filter) { items { id } } }';
  const asLiteral = (filter: object): string =>
    `{ buckets(filter: ${JSON.stringify(filter)
      .replaceAll(/"(\w+)":/g, '$1:')
      .replaceAll(/"(active|suspended)"/g, '$1')}) { items { id } } }`;

  const refused: [object, string][] = [
    ...[
      'eq',
      'ne',
      'in',
      'nin',
      'gt',
      'gte',
      'lt',
      'lte',
      'contains',
      'startsWith',
      'icontains',
      'istartsWith',
      'regex',
      'isNull',
    ].map((operator): [object, string] => [{ status: { [operator]: null } }, `filter.status.${operator}`]),
    [{ remainingValue: { amount: { gt: null } } }, 'filter.remainingValue.amount.gt'],
    [{ remainingValue: { isNull: null } }, 'filter.remainingValue.isNull'],
    [{ confirmationDate: { lt: null } }, 'filter.confirmationDate.lt'],
    [{ isShared: { eq: null } }, 'filter.isShared.eq'],
    [{ priority: { in: null } }, 'filter.priority.in'],
    [{ extension: { path: 'colour', eq: null } }, 'filter.extension.eq'],
    [{ extension: { path: 'colour', ne: null } }, 'filter.extension.ne'],
    [{ extension: { path: null, eq: 'red' } }, 'filter.extension.path'],
    [{ relatedParty: { some: null } }, 'filter.relatedParty.some'],
    [{ relatedParty: { none: null } }, 'filter.relatedParty.none'],
    [{ relatedParty: { isNull: null } }, 'filter.relatedParty.isNull'],
    [{ relatedParty: { some: { refId: { eq: null } } } }, 'filter.relatedParty.some.refId.eq'],
    [{ relatedParty: { none: { refId: { eq: '1' }, role: { ne: null } } } }, 'filter.relatedParty.none.role.ne'],
    [{ not: null }, 'filter.not'],
    [{ not: {} }, 'filter.not'],
    [{ not: { status: null } }, 'filter.not'],
    [{ not: { status: {} } }, 'filter.not'],
    [{ not: { and: [] } }, 'filter.not'],
    [{ not: { and: null } }, 'filter.not'],
    [{ not: { and: [{}, { status: null }] } }, 'filter.not'],
    [{ not: { not: {} } }, 'filter.not.not'],
    [{ or: [{}] }, 'filter.or.0'],
    [{ or: [{ status: { eq: 'active' } }, {}] }, 'filter.or.1'],
    [{ or: [{ status: {} }, { name: { eq: 'x' } }] }, 'filter.or.0'],
    [{ or: [{ name: { eq: 'x' } }, { relatedParty: null }] }, 'filter.or.1'],
    [{ or: [{ name: { eq: 'x' } }, { relatedParty: {} }] }, 'filter.or.1'],
    [{ or: [{ name: { eq: null } }] }, 'filter.or.0.name.eq'],
    [{ and: [{ name: { eq: 'x' } }, { status: { in: null } }] }, 'filter.and.1.status.in'],
    [{ and: [{ or: [{ not: { name: { ne: null } } }] }] }, 'filter.and.0.or.0.not.name.ne'],
  ];

  it.each(refused.map(([filter, path]) => [JSON.stringify(filter), filter, path] as const))(
    'is refused in %s, as a literal and in a variable',
    async (_title, filter, path) => {
      await expectRefusal(asLiteral(filter), {}, path);
      await expectRefusal(whole, { filter }, path);
    },
  );

  const unconditional: object[] = [
    {},
    { and: null },
    { or: null },
    { status: null },
    { relatedParty: null },
    { remainingValue: null },
    { and: [] },
    { and: [{}, { status: null }] },
    { status: {} },
    { relatedParty: {} },
    { remainingValue: { amount: null } },
    { extension: null },
  ];
  it.each(unconditional.map((filter) => [JSON.stringify(filter), filter] as const))(
    'sets no condition where no operand is: %s',
    async (_title, filter) => {
      await expectRows(asLiteral(filter), {}, all);
      await expectRows(whole, { filter }, all);
    },
  );

  it('sets no condition as the whole filter', async () => {
    await expectRows('{ buckets(filter: null) { items { id } } }', {}, all);
    await expectRows(whole, { filter: null }, all);
    await expectRows(whole, {}, all);
  });

  const operandVariables: [type: string, filter: string, path: string][] = [
    ['BucketStatusType', '{ status: { eq: $v } }', 'filter.status.eq'],
    ['BucketStatusType', '{ status: { ne: $v } }', 'filter.status.ne'],
    ['[BucketStatusType!]', '{ status: { in: $v } }', 'filter.status.in'],
    ['[BucketStatusType!]', '{ status: { nin: $v } }', 'filter.status.nin'],
    ['Boolean', '{ status: { isNull: $v } }', 'filter.status.isNull'],
    ['Decimal', '{ remainingValue: { amount: { gte: $v } } }', 'filter.remainingValue.amount.gte'],
    ['DateTime', '{ confirmationDate: { gte: $v } }', 'filter.confirmationDate.gte'],
    ['JsonScalar', '{ extension: { path: "colour", eq: $v } }', 'filter.extension.eq'],
    [
      'String',
      '{ and: [{ relatedParty: { some: { refId: { eq: $v } } } }] }',
      'filter.and.0.relatedParty.some.refId.eq',
    ],
  ];
  it.each(operandVariables)(
    'in a variable $v: %s within %s is refused, and an absent one lifts its operand',
    async (type, filter, path) => {
      const query = `query ($v: ${type}) { buckets(filter: ${filter}) { items { id } } }`;
      await expectRefusal(query, { v: null }, path);
      await expectRows(query, {}, all);
    },
  );

  it.each([
    ['BucketStatusTypeFilter', '{ status: $v }'],
    ['[BucketFilter!]', '{ and: $v }'],
    ['RelatedPartyListFilter', '{ relatedParty: $v }'],
  ])('in a variable $v: %s for %s sets no condition, nor does an absent one', async (type, filter) => {
    const query = `query ($v: ${type}) { buckets(filter: ${filter}) { items { id } } }`;
    await expectRows(query, { v: null }, all);
    await expectRows(query, {}, all);
  });

  it.each([
    ['BucketStatusTypeFilter', '{ status: $v }', { eq: null }, 'filter.status.eq'],
    ['BucketFilter', '{ not: $v }', null, 'filter.not'],
    ['BucketFilter', '{ not: $v }', {}, 'filter.not'],
    ['[BucketFilter!]', '{ or: $v }', [{}], 'filter.or.0'],
    ['[BucketFilter!]', '{ or: $v }', { status: null }, 'filter.or.0'],
    ['RelatedPartyFilter', '{ relatedParty: { some: $v } }', null, 'filter.relatedParty.some'],
    [
      'RelatedPartyFilter',
      '{ relatedParty: { none: $v } }',
      { refId: { in: null } },
      'filter.relatedParty.none.refId.in',
    ],
  ] as const)('in a variable $v: %s for %s may be what is refused: %j', async (type, filter, v, path) => {
    await expectRefusal(`query ($v: ${type}) { buckets(filter: ${filter}) { items { id } } }`, { v }, path);
  });

  it('is refused where an absent variable leaves an alternative or a negation without condition', async () => {
    await expectRefusal(
      'query ($v: BucketStatusType) { buckets(filter: { or: [{ name: { eq: "of 1" } }, { status: { eq: $v } }] }) { items { id } } }',
      {},
      'filter.or.1',
    );
    await expectRefusal(
      'query ($v: BucketStatusType) { buckets(filter: { not: { status: { eq: $v } } }) { items { id } } }',
      {},
      'filter.not',
    );
  });

  it.each([
    ['{ buckets(filter: { status: { in: [null] } }) { items { id } } }', {}],
    ['{ buckets(filter: { and: [null] }) { items { id } } }', {}],
    [
      'query ($v: [BucketStatusType!]) { buckets(filter: { status: { in: $v } }) { items { id } } }',
      { v: ['active', null] },
    ],
    [whole, { filter: { status: { nin: [null] } } }],
    [whole, { filter: { or: [null] } }],
    ['query ($v: BucketStatusType) { buckets(filter: { status: { in: [active, $v] } }) { items { id } } }', {}],
  ])('within a list is refused: %s %j', async (query, variables) => {
    for (const { data, errors } of await several(query, variables)) {
      expect(data?.buckets ?? null).toBeNull();
      expect(errors?.[0]?.extensions).toMatchObject({ status: 400 });
    }
  });

  it('is refused in every list and sum that takes a filter, and by GET', async () => {
    const id = all[0];
    for (const [query, path] of [
      [
        '{ usages(filter: { relatedParty: { some: { refId: { eq: null } } } }) { items { id } } }',
        'filter.relatedParty.some.refId.eq',
      ],
      [
        '{ customerBills(filter: { billingAccount: { refId: { eq: null } } }) { items { id } } }',
        'filter.billingAccount.refId.eq',
      ],
      ['{ resourceOrders(filter: { state: { ne: null } }) { items { id } } }', 'filter.state.ne'],
      [
        '{ accumulatedBalances(filter: { relatedParty: { some: { refId: { in: null } } } }) { items { id } } }',
        'filter.relatedParty.some.refId.in',
      ],
      ['{ usageAggregate(filter: { status: { eq: null } }, groupBy: [status]) { count } }', 'filter.status.eq'],
      [`{ bucket(id: "${id}") { actions(filter: { status: { eq: null } }) { items { id } } } }`, 'filter.status.eq'],
      ['{ party(id: "1") { buckets(filter: { not: {} }) { items { id } } } }', 'filter.not'],
    ] as const) {
      for (const { errors } of await several(query))
        expect([query, errors?.[0]?.extensions]).toEqual([
          query,
          expect.objectContaining({ code: 'INVALID_FILTER', attribute: path }),
        ]);
      const { body } = await send(server.url, 'GET', `/graphql?query=${encodeURIComponent(query)}`, {
        headers: { 'content-type': 'application/json' },
      });
      expect(body.errors[0].extensions).toMatchObject({ code: 'INVALID_FILTER', attribute: path });
    }
  });

  it('has no counterpart in TMF REST: what always holds may be an alternative there, and an empty value is a text', async () => {
    for (const [query, count] of [
      ['filter=$[*]', 3],
      [`filter=${encodeURIComponent("$[*],$[?(@.name=='x')]")}`, 3],
      ['name=', 0],
      ['name.ne=', 3],
    ] as const) {
      const { status, body } = await server.rest('GET', `/bucket?${query}`);
      expect([query, status, body.length]).toEqual([query, 200, count]);
    }
  });
});
