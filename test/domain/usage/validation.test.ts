import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import { create, createMany, transports, made, update } from '../../fixtures/transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Json = Record<string, unknown>;
const choices = (...characteristicValueSpecification: Json[]): Json => ({ characteristicValueSpecification });

/** What a characteristic is specified as, the values that fit it and those that do not. */
const rows: readonly [title: string, definition: Json, fitting: unknown[], unfit: unknown[]][] = [
  ['anything', {}, ['text', 5, -0.5, true, { a: 1 }, [1, 'a'], ''], []],
  ['a string', { valueType: 'string' }, ['text', '12', ' ', '😀'], [5, true, {}, ['text'], []]],
  [
    'an integer',
    { valueType: 'integer' },
    [5, 0, -7, '12', '-12', 5.0, '1e3', 1e15],
    [0.5, '0.5', 'abc', '12abc', ' 12', '0x10', true, {}, [1], 'Infinity', 'NaN', `${'9'.repeat(60)}`],
  ],
  ['a number', { valueType: 'number' }, [5, 0.5, -0.25, '12.75', '1e-3'], ['abc', '1,5', '.', true, {}, [1], '1e9999']],
  ['a boolean', { valueType: 'boolean' }, [true, false, 'true', 'false'], ['yes', 'True', 1, 0, {}, []]],
  [
    'a dateTime',
    { valueType: 'dateTime' },
    ['2026-03-01T08:00:00Z', '2026-03-01T08:00:00.5+02:00', '2026-03-01'],
    ['yesterday', '2026-02-30', '9999-12-31T23:59:59-01:00', 20260301, {}, true],
  ],
  [
    'an object',
    { valueType: 'object' },
    [{}, { a: { b: [1] } }, '{"a":{}}', ' {} '],
    ['{', '{} {}', '[]', 5, [], true],
  ],
  [
    'an array',
    { valueType: 'array' },
    [[], [1, 'two', { three: 3 }], '[1,"two"]'],
    ['[', '{}', `${'['.repeat(70)}${']'.repeat(70)}`, 5, {}, true],
  ],
  [
    'one of some texts',
    { valueType: 'string', ...choices({ value: 'SEC', isDefault: true }, { value: 'MIN' }) },
    ['SEC', 'MIN', ''],
    ['sec', 'HOUR', ' SEC'],
  ],
  [
    'one of some numbers',
    { valueType: 'number', ...choices({ value: 1 }, { value: '2.50' }) },
    [1, '1', 1.0, 2.5, '2.5'],
    [2, 1.5, '25'],
  ],
  [
    'one of some instants',
    { valueType: 'dateTime', ...choices({ value: '2026-03-01T08:00:00Z' }) },
    ['2026-03-01T10:00:00+02:00'],
    ['2026-03-01T08:00:01Z'],
  ],
  [
    'one of some objects',
    { valueType: 'object', ...choices({ value: { a: 1, b: 2 } }) },
    [{ b: 2, a: 1 }, '{"b": 2, "a": 1}'],
    [{ a: 1 }, {}],
  ],
  ['one of some values of any type', choices({ value: 'a' }, { value: 1 }), ['a', 1], ['1', 'b', true]],
  [
    'of a closed range',
    { valueType: 'number', ...choices({ valueFrom: 0, valueTo: 10 }) },
    [0, 10, 5.5, '10'],
    [-0.001, 10.001, '11'],
  ],
  [
    'of a range said to be closed',
    { valueType: 'integer', ...choices({ valueFrom: 0, valueTo: 10, rangeInterval: 'closed' }) },
    [0, 10],
    [-1, 11, 5.5],
  ],
  [
    'of an open range',
    { valueType: 'number', ...choices({ valueFrom: 0, valueTo: 10, rangeInterval: 'open' }) },
    [0.001, 9.999],
    [0, 10],
  ],
  [
    'of a range closed at the bottom',
    { valueType: 'number', ...choices({ valueFrom: 0, valueTo: 10, rangeInterval: 'closedBottom' }) },
    [0, 9.999],
    [10, -1],
  ],
  [
    'of a range closed at the top',
    { valueType: 'number', ...choices({ valueFrom: 0, valueTo: 10, rangeInterval: 'closedTop' }) },
    [0.001, 10],
    [0, 11],
  ],
  ['of a range without end', { valueType: 'number', ...choices({ valueFrom: -5 }) }, [-5, 1e15], [-5.5]],
  ['of a range without start', { valueType: 'number', ...choices({ valueTo: -0.5 }) }, [-0.5, -1e15], [0, -0.25]],
  ['of a range of no type', choices({ valueFrom: 1, valueTo: 2 }), [1, '2'], [3, 'a', true, {}]],
  [
    'of one of two ranges, or a value',
    { valueType: 'number', ...choices({ valueFrom: 0, valueTo: 1 }, { valueFrom: 10, valueTo: 11 }, { value: 99 }) },
    [0.5, 10.5, 99],
    [5, 98],
  ],
  [
    'matched by a regular expression',
    { valueType: 'string', regex: '^\\+?[0-9]{3,15}$' },
    ['+491701', '110'],
    ['49 170', '+49a', '1'],
  ],
  ['found by a regular expression', { regex: 'b+' }, ['abc', 'b'], ['ac', 5]],
  ['a number matched by a regular expression', { valueType: 'integer', regex: '^[0-9]{2}$' }, [12, '12'], [5, 123]],
  [
    'matched by the expression of a choice',
    { valueType: 'string', ...choices({ regex: '^A' }, { value: 'B' }) },
    ['A1', 'B'],
    ['C', 'BA'],
  ],
  ['of the type of a choice', choices({ valueType: 'integer', unitOfMeasure: 's' }), [5, '5'], ['a', 0.5]],
  [
    'of the type of one of two choices',
    choices({ valueType: 'integer' }, { valueType: 'boolean' }),
    [5, true],
    ['a', 0.5],
  ],
  ['told a unit only', choices({ unitOfMeasure: 's' }), ['anything', 5], []],
  [
    'extensible beyond its values',
    { valueType: 'string', extensible: true, ...choices({ value: 'SEC' }) },
    ['SEC', 'HOUR'],
    [5],
  ],
  [
    'extensible, but for its expression',
    { extensible: true, regex: '^[A-Z]+$', ...choices({ value: 'SEC' }) },
    ['HOUR'],
    ['hour'],
  ],
  [
    'specified for another time',
    { valueType: 'integer', validFor: { endDateTime: '2026-01-01T00:00:00Z' } },
    ['anything'],
    [],
  ],
  [
    'specified for this time',
    { valueType: 'integer', validFor: { startDateTime: '2026-01-01T00:00:00Z', endDateTime: '2027-01-01T00:00:00Z' } },
    [5],
    ['a'],
  ],
  [
    'allowed at another time',
    choices(
      { value: 'old', validFor: { endDateTime: '2026-01-01T00:00:00Z' } },
      { value: 'new', validFor: { startDateTime: '2026-01-01T00:00:00Z' } },
    ),
    ['new'],
    ['old'],
  ],
  ['mandatory', { minCardinality: 1 }, ['x', 0, false, {}], ['']],
];

const cases = rows.flatMap(([title, definition, fitting, unfit]) =>
  transports.map((door) => ({ title, definition, fitting, unfit, door })),
);

describe('a characteristic', () => {
  it.each(cases)('that must be $title is checked so through $door', async ({ definition, fitting, unfit, door }) => {
    const { id } = await made(server, 'UsageSpecification', {
      name: 'checked',
      specCharacteristic: [{ name: 'what it is', ...definition }],
    });
    const take = (value: unknown): ReturnType<typeof create> =>
      create(server, door, 'Usage', {
        usageSpecification: { id },
        usageDate: '2026-03-01T12:00:00.000Z',
        usageCharacteristic: [{ name: 'what it is', value }],
      });
    for (const value of fitting) {
      const { status, message, resource } = await take(value);
      // It is kept as it was given.
      expect([value, message, status < 300, resource?.usageCharacteristic]).toEqual([
        value,
        undefined,
        true,
        [{ name: 'what it is', value }],
      ]);
    }
    for (const value of unfit) {
      const { status, message } = await take(value);
      expect([value, status, message]).toEqual([value, 400, expect.stringContaining("'what it is'")]);
    }
  });

  const times = (count: number): Json[] =>
    Array.from({ length: count }, (_, at) => ({ name: 'number', value: `n${at}` }));
  it.each([
    [{}, 0, 5, []],
    [{ minCardinality: 0, maxCardinality: 1 }, 0, 1, [2]],
    [{ minCardinality: 1 }, 1, 5, [0]],
    [{ minCardinality: 1, maxCardinality: 1 }, 1, 1, [0, 2]],
    [{ minCardinality: 2, maxCardinality: 3 }, 2, 3, [0, 1, 4]],
    [{ maxCardinality: 0 }, 0, 0, [1]],
  ] as const)('with %j may be there %i to %i times', async (definition, least, most, refused) => {
    const { id } = await made(server, 'UsageSpecification', {
      name: 'counted',
      specCharacteristic: [{ name: 'number', ...definition }],
    });
    for (const door of transports) {
      for (const count of [least, most])
        expect(
          await create(server, door, 'Usage', { usageSpecification: { id }, usageCharacteristic: times(count) }),
        ).not.toHaveProperty('message');
      for (const count of refused) {
        const { status, message } = await create(server, door, 'Usage', {
          usageSpecification: { id },
          usageCharacteristic: times(count),
        });
        expect([status, message]).toEqual([400, expect.stringContaining("'number'")]);
      }
    }
    // Empty texts are no values.
    const empty = [...times(most), { name: 'number', value: '' }];
    expect(
      await create(server, 'rest', 'Usage', { usageSpecification: { id }, usageCharacteristic: empty }),
    ).not.toHaveProperty('message');
  });

  it('that its specification does not know is welcome', async () => {
    const { id } = await made(server, 'UsageSpecification', { name: 'open', specCharacteristic: [{ name: 'known' }] });
    expect(
      await create(server, 'rest', 'Usage', {
        usageSpecification: { id },
        usageCharacteristic: [{ name: 'other', value: 1 }],
      }),
    ).toMatchObject({ status: 201 });
  });

  it.each(transports)('is checked by PATCH, too, when it or its specification changes, through %s', async (door) => {
    const { id: strict } = await made(server, 'UsageSpecification', {
      name: 'strict',
      specCharacteristic: [{ name: 'duration', valueType: 'integer', minCardinality: 1 }],
    });
    const { id } = await made(server, 'Usage', {
      usageSpecification: { id: 'unknown' },
      usageCharacteristic: [{ name: 'duration', value: 'long' }],
    });
    const refused = { status: 400, message: expect.stringContaining("'duration'") };
    expect(await update(server, door, 'Usage', id, { usageSpecification: { id: strict } })).toMatchObject(refused);
    expect(
      await update(server, door, 'Usage', id, {
        usageSpecification: { id: strict },
        usageCharacteristic: [{ name: 'duration', value: 5 }],
      }),
    ).toMatchObject({ status: 200 });
    expect(await update(server, door, 'Usage', id, { usageCharacteristic: null })).toMatchObject(refused);
    expect(
      (
        await update(server, 'rest', 'UsageSpecification', strict, {
          specCharacteristic: [{ name: 'duration', valueType: 'boolean' }],
        })
      ).status,
    ).toBe(200);
    // What was taken before stays, and may change in everything else.
    expect(await update(server, door, 'Usage', id, { status: 'guided' })).toMatchObject({ status: 200 });
    expect(
      await update(server, door, 'Usage', id, { usageCharacteristic: [{ name: 'duration', value: 6 }] }),
    ).toMatchObject(refused);
  });

  it.each(transports)('refuses several usages together, naming the one, through %s', async (door) => {
    const { id } = await made(server, 'UsageSpecification', {
      name: 'strict',
      specCharacteristic: [{ name: 'duration', valueType: 'integer' }],
    });
    const usage = (value: unknown): Json => ({
      usageSpecification: { id },
      usageCharacteristic: [{ name: 'duration', value }],
    });
    expect(await createMany(server, door, 'Usage', [usage(1), usage('x'), usage(2)])).toMatchObject({
      status: 400,
      message: expect.stringMatching(/element 1.*'duration'/),
    });
    expect((await server.rest('GET', `/usage?usageSpecification.id=${id}`)).body).toEqual([]);
  });
});

describe('a specification', () => {
  const values = (...list: Json[]): Json[] => [
    { name: 'c', valueType: 'number', characteristicValueSpecification: list },
  ];
  const first = 'specCharacteristic.0';
  const choice = `${first}.characteristicValueSpecification.0`;
  const refused: readonly [title: string, specCharacteristic: Json[], named: string][] = [
    ['without a name', [{ valueType: 'string' }], 'name'],
    ['with an empty name', [{ name: '' }], `${first}.name`],
    ['with a name of 256 characters', [{ name: 'x'.repeat(256) }], `${first}.name`],
    ['with a name that is there twice', [{ name: 'a' }, { name: 'b' }, { name: 'a' }], 'specCharacteristic.2.name'],
    ['with a type that is none', [{ name: 'c', valueType: 'text' }], `${first}.valueType`],
    ['with a cardinality below zero', [{ name: 'c', minCardinality: -1 }], `${first}.minCardinality`],
    ['with a greatest cardinality below zero', [{ name: 'c', maxCardinality: -1 }], `${first}.maxCardinality`],
    [
      'that must be there more often than it may',
      [{ name: 'c', minCardinality: 2, maxCardinality: 1 }],
      `${first}.minCardinality`,
    ],
    ['with a regular expression that is none', [{ name: 'c', regex: '(' }], `${first}.regex`],
    ['with a look-ahead', [{ name: 'c', regex: '(?=a)b' }], `${first}.regex`],
    ['with a back-reference', [{ name: 'c', regex: '(a)\\1' }], `${first}.regex`],
    ['with nested repetition', [{ name: 'c', regex: '(a+)+' }], `${first}.regex`],
    ['with a regular expression of objects', [{ name: 'c', valueType: 'object', regex: 'a' }], `${first}.regex`],
    [
      'valid until before it begins',
      [{ name: 'c', validFor: { startDateTime: '2026-02-01', endDateTime: '2026-01-01' } }],
      `${first}.validFor`,
    ],
    ['with a value of another type', values({ value: 'abc' }), `${choice}.value`],
    ['with a value of another type of its own', values({ valueType: 'boolean', value: 5 }), `${choice}.value`],
    ['with a choice of a type that is none', values({ valueType: 'float' }), `${choice}.valueType`],
    ['with a range that ends before it starts', values({ valueFrom: 2, valueTo: 1 }), `${choice}.valueTo`],
    [
      'with an open range of nothing',
      values({ valueFrom: 1, valueTo: 1, rangeInterval: 'closedTop' }),
      `${choice}.valueTo`,
    ],
    ['with an interval that is none', values({ valueFrom: 1, rangeInterval: 'half' }), `${choice}.rangeInterval`],
    ['with an interval of no range', values({ rangeInterval: 'open' }), `${choice}.valueFrom`],
    [
      'with a range of texts',
      [{ name: 'c', valueType: 'string', characteristicValueSpecification: [{ valueTo: 5 }] }],
      `${choice}.valueTo`,
    ],
    ['with a value outside its range', values({ value: 5, valueFrom: 6 }), `${choice}.value`],
    [
      'with a value of another type than its characteristic',
      values({ valueType: 'string', value: 'abc' }),
      `${choice}.value`,
    ],
    [
      'with a value that its expression does not match',
      [{ name: 'c', characteristicValueSpecification: [{ value: 'b', regex: '^a' }] }],
      `${choice}.value`,
    ],
    [
      'with a value that the expression of its characteristic does not match',
      [{ name: 'c', regex: '^a', characteristicValueSpecification: [{ value: 'b' }] }],
      `${choice}.value`,
    ],
    [
      'with a range of no whole number',
      [{ name: 'c', valueType: 'integer', characteristicValueSpecification: [{ valueFrom: 0.5, valueTo: 0.75 }] }],
      `${choice}.valueTo`,
    ],
    [
      'with an open range of no whole number',
      [
        {
          name: 'c',
          valueType: 'integer',
          characteristicValueSpecification: [{ valueFrom: 0, valueTo: 1, rangeInterval: 'open' }],
        },
      ],
      `${choice}.valueTo`,
    ],
    ['with a choice whose expression is none', values({ regex: '[' }), `${choice}.regex`],
    ['with an end beyond 1e15', values({ valueTo: -1e16 }), `${choice}.valueTo`],
    ['with an end finer than 1e-9', values({ valueFrom: 1e-10 }), `${choice}.valueFrom`],
  ];

  it.each(refused.flatMap((row) => transports.map((door) => [...row, door] as const)))(
    '%s is refused by name, on creation and on change',
    async (_title, specCharacteristic, named, door) => {
      const onCreate = await create(server, door, 'UsageSpecification', { name: 'refused', specCharacteristic });
      expect([onCreate.status, onCreate.message]).toEqual([400, expect.stringContaining(named)]);
      const { id } = await made(server, 'UsageSpecification', { name: 'kept' });
      const onChange = await update(server, door, 'UsageSpecification', id, { specCharacteristic });
      expect([onChange.status, onChange.message]).toEqual([400, expect.stringContaining(named)]);
      expect((await server.rest('GET', '/usageSpecification?name=refused')).body).toEqual([]);
    },
  );

  it.each([
    [{ validFor: { startDateTime: '2026-02-01', endDateTime: '2026-02-01' } }, 'validFor'],
    [
      { attachment: [{ validFor: { startDateTime: '2026-02-01', endDateTime: '2026-01-01' } }] },
      'attachment.0.validFor',
    ],
    [
      {
        entitySpecRelationship: [
          { relationshipType: 'x', validFor: { startDateTime: '2026-02-01', endDateTime: '2026-01-01' } },
        ],
      },
      'entitySpecRelationship.0.validFor',
    ],
    [{ lifecycleStatus: '' }, 'lifecycleStatus'],
    [{ name: '' }, 'name'],
  ])('with %j is refused', async (attributes, named) => {
    expect(await create(server, 'graphql', 'UsageSpecification', { name: 'x', ...attributes })).toMatchObject({
      status: 400,
      message: expect.stringContaining(named),
    });
  });

  it('that nobody knows is taken as it is', async () => {
    const usage = {
      usageSpecification: { id: 'af59-b504c742900e' },
      usageCharacteristic: [{ name: 'anything', value: { at: ['all'] } }],
    };
    for (const door of transports) expect((await create(server, door, 'Usage', usage)).resource).toMatchObject(usage);
  });
});

describe('the value of a characteristic', () => {
  it.each([
    ['null in it', { a: null, b: [null] }],
    ['what looks like a decimal', { toStringTag: '[object Decimal]', s: 1, e: 0, d: [1] }],
    ['deep JSON', [[[[{ a: [{}] }]]]]],
    ['an exponent', 1e-300],
    ['the attribute of ours', { '@type': 'x', atType: 'y' }],
  ])('with %s is kept as it is given', async (_title, value) => {
    const { id } = await made(server, 'Usage', {
      usageSpecification: { id: 's' },
      usageCharacteristic: [{ name: 'v', value }],
    });
    expect((await server.rest('GET', `/usage/${id}`)).body.usageCharacteristic).toEqual([{ name: 'v', value }]);
    const { data } = await server.graphql('query ($id: ID!) { usage(id: $id) { usageCharacteristic { value } } }', {
      id,
    });
    expect(data.usage.usageCharacteristic).toEqual([{ value }]);
  });

  it('that JSON would round is refused, and null is none', async () => {
    for (const [text, named] of [
      ['12345678901234567890', '12345678901234567890'],
      ['null', 'usageCharacteristic.0.value'],
    ] as const) {
      const answer = await server.rest('POST', '/usage', {
        text: `{"usageSpecification":{"id":"s"},"usageCharacteristic":[{"name":"v","value":${text}}]}`,
      });
      expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining(named)]);
    }
  });

  it('is found by a filter', async () => {
    const { id } = await made(server, 'Usage', {
      usageSpecification: { id: 's' },
      usageCharacteristic: [{ name: 'cell', value: 'found-me' }],
    });
    expect((await server.rest('GET', '/usage?usageCharacteristic.value=found-me&fields=id')).body).toEqual([
      { id, href: expect.any(String) },
    ]);
    const filter = { usageCharacteristic: { some: { name: { eq: 'cell' }, value: { eq: 'found-me' } } } };
    expect(
      (await server.graphql('query ($filter: UsageFilter) { usages(filter: $filter) { items { id } } }', { filter }))
        .data.usages.items,
    ).toEqual([{ id }]);
  });
});

describe('the date of a usage', () => {
  it.each(transports)('lies in the years 1 to 9999, whatever its offset, through %s', async (door) => {
    const take = (usageDate: string): ReturnType<typeof create> =>
      create(server, door, 'Usage', { usageSpecification: { id: 's' }, usageDate });
    for (const usageDate of ['9999-12-31T23:59:59-01:00', '0001-01-01T00:00:00+01:00']) {
      expect(await take(usageDate)).toMatchObject({ status: 400, message: expect.stringContaining(usageDate) });
    }
    for (const usageDate of ['9999-12-31T23:59:59.999Z', '0001-01-01T00:00:00.000Z'])
      expect((await take(usageDate)).resource).toMatchObject({ usageDate });
  });
});
