import { describe, expect, it } from '@jest/globals';
import { Decimal } from '../../../src/platform/decimal.js';
import { matches } from '../../../src/platform/filter/memory/evaluate.js';
import type { Attributes, AttributeType, ScalarType } from '../../../src/platform/filter/tree/attribute-type.js';
import type { Filter, FilterValue, ListOperator, ValueOperator } from '../../../src/platform/filter/tree/filter.js';

// What a filter means on a value. That SQL means the same is shown by platform/filter/sql.property.test.ts.

const scalar = (type: ScalarType): AttributeType => ({ kind: 'scalar', type });
const part: Attributes = { id: scalar('string'), rank: scalar('int') };
const attributes: Attributes = {
  text: scalar('string'),
  count: scalar('int'),
  amount: scalar('decimal'),
  flag: scalar('boolean'),
  time: scalar('dateTime'),
  json: scalar('json'),
  inner: { kind: 'object', attributes: () => part },
  list: { kind: 'list', element: { kind: 'object', attributes: () => part } },
  tags: { kind: 'list', element: scalar('string') },
};
const is = (operator: ValueOperator, path: string, value: FilterValue): Filter => ({
  kind: 'compare',
  path: path === '' ? [] : path.split('.'),
  operator,
  value,
});
const within = (operator: ListOperator, path: string, values: FilterValue[]): Filter => ({
  kind: 'compareList',
  path: path.split('.'),
  operator,
  values,
});
const isNull = (path: string, wanted: boolean): Filter => ({ kind: 'isNull', path: path.split('.'), isNull: wanted });
const every = (...filters: Filter[]): Filter => ({ kind: 'and', filters });
const any = (...filters: Filter[]): Filter => ({ kind: 'or', filters });
const not = (filter: Filter): Filter => ({ kind: 'not', filter });
const element = (kind: 'some' | 'none', path: string, filter: Filter): Filter => ({
  kind,
  path: path.split('.'),
  filter,
});
const [yes, no] = [is('eq', 'text', 'a'), is('eq', 'text', 'b')];

const holds = (filter: Filter, value: object): boolean =>
  matches(filter, value as Readonly<Record<string, unknown>>, attributes);

describe('comparisons', () => {
  const time = (text: string): Date => new Date(text);
  const dec = (text: string): Decimal => new Decimal(text);
  // Of each type: a stored value, and operands that are less, equal and greater.
  const kinds: [path: string, stored: unknown, less: FilterValue, same: FilterValue, greater: FilterValue][] = [
    ['text', 'b', 'a', 'b', 'c'],
    ['text', '\u{ff61}', 'a', '\u{ff61}', '\u{1f600}'],
    ['count', 5, 4, 5, 6],
    ['amount', dec('1.5'), dec('1.4'), dec('1.50'), dec('1.6')],
    ['amount', 1.5, dec('1.4'), dec('1.5'), dec('1.6')],
    ['amount', '1.5', dec('-1.4'), dec('1.5'), dec('1.6')],
    ['amount', '-15', dec('-16'), dec('-15'), dec('-14')],
    [
      'time',
      time('2026-03-01T12:00:00Z'),
      time('2026-03-01T11:59:59.999Z'),
      time('2026-03-01T12:00:00Z'),
      time('2026-03-02T00:00:00Z'),
    ],
    [
      'time',
      '2026-03-01T12:00:00.000Z',
      time('2026-03-01T11:59:59.999Z'),
      time('2026-03-01T12:00:00Z'),
      time('2026-03-02T00:00:00Z'),
    ],
  ];
  it.each(kinds)('of %s %s order less, equal and greater', (path, stored, less, same, greater) => {
    const value = { [path]: stored };
    const found = (['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const).map((operator) => [
      operator,
      ...[less, same, greater].map((operand) => holds(is(operator, path, operand), value)),
    ]);
    expect(found).toEqual([
      ['eq', false, true, false],
      ['ne', true, false, true],
      ['gt', true, false, false],
      ['gte', true, true, false],
      ['lt', false, false, true],
      ['lte', false, true, true],
    ]);
    for (const operand of [less, same, greater]) {
      expect([holds(within('in', path, [operand]), value), holds(within('nin', path, [operand]), value)]).toEqual([
        operand === same,
        operand !== same,
      ]);
    }
    expect(holds(within('in', path, [less, same]), value)).toBe(true);
    expect(holds(within('nin', path, [less, greater]), value)).toBe(true);
    expect([holds(within('in', path, []), value), holds(within('nin', path, []), value)]).toEqual([false, true]);
  });

  it.each<[string, FilterValue, unknown[]]>([
    ['text', 'b', [undefined, null, 1, true, ['b'], {}]],
    ['count', 5, [undefined, null, '5', true, Infinity, Number.NaN]],
    ['amount', new Decimal(5), [undefined, null, '5x', 'x5', '5.', '.5', '', true, Number.NaN, []]],
    ['flag', true, [undefined, null, 1, 'true']],
    ['time', new Date('2026-03-01T12:00:00Z'), [undefined, null, 5, '2026-03-01T12:00:00Z', '2026-03-01']],
  ])('of %s find no value of another type, and deny with ne and nin', (path, operand, stored) => {
    for (const one of stored) {
      const value = { [path]: one };
      expect([one, holds(is('eq', path, operand), value), holds(is('ne', path, operand), value)]).toEqual([
        one,
        false,
        true,
      ]);
      expect([one, holds(within('in', path, [operand]), value), holds(within('nin', path, [operand]), value)]).toEqual([
        one,
        false,
        true,
      ]);
      if (path !== 'flag')
        for (const operator of ['gt', 'gte', 'lt', 'lte'] as const)
          expect([one, operator, holds(is(operator, path, operand), value)]).toEqual([one, operator, false]);
    }
  });

  it('of booleans know them apart', () => {
    for (const stored of [true, false])
      for (const operand of [true, false]) {
        expect(holds(is('eq', 'flag', operand), { flag: stored })).toBe(stored === operand);
        expect(holds(is('ne', 'flag', operand), { flag: stored })).toBe(stored !== operand);
      }
  });

  it.each([
    ['x', 'x', true],
    ['x', 'y', false],
    [true, true, true],
    [true, 'true', false],
    [5, '5', false],
    [5, new Decimal(5), true],
    [5, new Decimal(6), false],
    ['5', new Decimal(5), false],
    [true, new Decimal(1), false],
    [undefined, 'x', false],
    [null, new Decimal(0), false],
  ])('of JSON %p with %p are %p', (stored, operand, expected) => {
    expect(holds(is('eq', 'json', operand), { json: stored })).toBe(expected);
    expect(holds(is('ne', 'json', operand), { json: stored })).toBe(!expected);
  });

  it('of text look into it', () => {
    const value = { text: 'abc' };
    expect(['b', 'abc', 'x', ''].map((text) => holds(is('contains', 'text', text), value))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(['a', 'b', ''].map((text) => holds(is('startsWith', 'text', text), value))).toEqual([true, false, true]);
    expect(['B', 'aBC', 'x', ''].map((text) => holds(is('icontains', 'text', text), value))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(['A', 'B', ''].map((text) => holds(is('istartsWith', 'text', text), value))).toEqual([true, false, true]);
    expect(['^a.c$', '^b', 'b'].map((text) => holds(is('regex', 'text', text), value))).toEqual([true, false, true]);
    for (const operator of ['contains', 'startsWith', 'regex'] as const)
      for (const stored of [undefined, null, 5, ['abc']])
        expect(holds(is(operator, 'text', ''), { text: stored })).toBe(false);
    const once = is('regex', 'text', '^a');
    expect([holds(once, { text: 'ab' }), holds(once, { text: 'ba' }), holds(once, { text: 'a' })]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('conditions', () => {
  const value = { text: 'a' };
  it('join by and, or and not', () => {
    expect([every(), every(yes), every(yes, yes), every(yes, no), every(no)].map((one) => holds(one, value))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect([any(), any(no), any(no, yes), any(yes)].map((one) => holds(one, value))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect([holds(not(yes), value), holds(not(no), value)]).toEqual([false, true]);
  });

  it('know what is absent', () => {
    for (const [stored, absent] of [
      [undefined, true],
      [null, true],
      ['', false],
      [0, false],
      [false, false],
    ] as const) {
      expect([holds(isNull('text', true), { text: stored }), holds(isNull('text', false), { text: stored })]).toEqual([
        absent,
        !absent,
      ]);
    }
    expect(holds(isNull('inner.id', true), {})).toBe(true);
  });

  it('reach into objects only, and only to what is theirs', () => {
    const id = is('eq', 'inner.id', 'a');
    expect(holds(id, { inner: { id: 'a' } })).toBe(true);
    for (const inner of [
      null,
      undefined,
      'a',
      [{ id: 'a' }],
      Object.create({ id: 'a' }),
      Object.assign(new Date(), { id: 'a' }),
      Object.assign(new Decimal(1), { id: 'a' }),
    ])
      expect(holds(id, { inner })).toBe(false);
    expect(holds(is('eq', 'text', 'a'), Object.create({ text: 'a' }))).toBe(false);
  });

  it('ask for some or for none of the elements of a list', () => {
    const both = every(is('eq', 'id', 'a'), is('gt', 'rank', 1));
    for (const [list, some] of [
      [[{ id: 'a', rank: 2 }], true],
      [
        [
          { id: 'b', rank: 2 },
          { id: 'a', rank: 2 },
        ],
        true,
      ],
      [
        [
          { id: 'b', rank: 2 },
          { id: 'a', rank: 1 },
        ],
        false,
      ],
      [[], false],
      [undefined, false],
      [null, false],
      [{ id: 'a', rank: 2 }, false],
    ] as const) {
      expect([
        list,
        holds(element('some', 'list', both), { list }),
        holds(element('none', 'list', both), { list }),
      ]).toEqual([list, some, !some]);
    }
    expect(holds(element('some', 'tags', is('eq', '', 'x')), { tags: ['y', 'x'] })).toBe(true);
  });

  it('refuse what the type has not, by name, even where nothing is stored', () => {
    expect(() => holds(is('eq', 'colour', 'a'), {})).toThrow('colour');
    expect(() => holds(isNull('colour', true), {})).toThrow('colour');
    expect(() => holds(within('in', 'colour', []), {})).toThrow('colour');
    expect(() => holds(is('contains', 'count', 'a'), {})).toThrow('count');
    expect(() => holds(is('eq', 'count', 'a'), {})).toThrow('count');
    expect(() => holds(within('in', 'count', ['a']), {})).toThrow('count');
    expect(() => holds(element('some', 'text', yes), {})).toThrow('text');
    expect(() => holds(is('regex', 'text', '('), {})).toThrow('text');
    expect(() => holds(is('regex', 'inner.id', '('), {})).toThrow('inner.id');
  });
});
