import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isInputObjectType, type GraphQLInputObjectType, type GraphQLSchema } from 'graphql';
import type { Attributes, AttributeType, ScalarType } from '../../src/platform/filter/tree/attribute-type.js';
import { matches } from '../../src/platform/filter/memory/evaluate.js';
import type { Filter } from '../../src/platform/filter/tree/filter.js';
import { makeInstances, type Json, type ReadFixture } from '../fixtures/fixture.js';
import { grammarFixtures, readFixtures } from '../fixtures/chosen.js';
import {
  asInput,
  attributesOf,
  clientSchema,
  inAttributes,
  nested,
  objectType,
  wholeSelection,
} from '../fixtures/schema.js';
import { proofSize } from '../support/proof.js';
import { seed } from '../support/seed.js';
import { startTestServer, type TestServer } from '../support/server.js';

const runs = proofSize('RUNS', { short: 15, long: 400 });

describe('the filters and orders of GraphQL', () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  const rowsOf = new Map<string, Json[]>();

  beforeAll(async () => {
    server = await startTestServer();
    schema = await clientSchema(server);
    for (const fixture of readFixtures) await makeInstances(server, fixture, 14);
    for (const { typeName, segment } of readFixtures) {
      const { data } = await server.graphql(
        `{ ${segment}s(limit: 1000) { items ${wholeSelection(objectType(schema, typeName)).replace('{', '{ revision')} } }`,
      );
      rowsOf.set(typeName, data[`${segment}s`].items.map(inAttributes).map(withoutMadeUrls));
    }
  });
  afterAll(() => server.close());

  it.each([
    [
      'StringFilter',
      [
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
      ],
    ],
    ['IntFilter', ['eq', 'ne', 'in', 'nin', 'gt', 'gte', 'lt', 'lte', 'isNull']],
    ['DecimalFilter', ['eq', 'ne', 'in', 'nin', 'gt', 'gte', 'lt', 'lte', 'isNull']],
    ['DateTimeFilter', ['eq', 'ne', 'in', 'nin', 'gt', 'gte', 'lt', 'lte', 'isNull']],
    ['BooleanFilter', ['eq', 'ne', 'isNull']],
  ])('%s has the operators of its type', (name, operators) => {
    expect(Object.keys(inputType(name).getFields())).toEqual(expect.arrayContaining(operators));
  });

  const inputType = (name: string): GraphQLInputObjectType => {
    const type = schema.getType(name);
    if (!isInputObjectType(type)) throw new Error(`no input type ${name}`);
    return type;
  };

  describe.each(readFixtures)('of $typeName', (fixture: ReadFixture) => {
    const { typeName, segment, sortable, text = 'status', hasParties = true } = fixture;
    const many = `${segment}s`;
    const rows = (): Json[] => rowsOf.get(typeName) as Json[];
    const idsOf = (list: readonly Json[]): unknown[] => list.map(({ id }) => id);
    const find = async (filter: Json): Promise<unknown[]> => {
      const { data, errors } = await server.graphql(
        `query ($filter: ${typeName}Filter) { ${many}(filter: $filter, limit: 1000) { items { id } } }`,
        { filter: asInput(schema, `${typeName}Filter`, filter) },
      );
      if (errors) throw new Error(`${JSON.stringify(filter)}: ${errors[0]?.message}`);
      return idsOf(data[many].items);
    };
    const all = (): unknown[] => idsOf(rows());

    it('find everything when they say nothing', async () => {
      for (const filter of [
        {},
        { and: [] },
        { id: {} },
        { and: [{}, {}] },
        ...(hasParties ? [{ relatedParty: {} }] : []),
        { not: { or: [] } },
        { id: null },
        { and: null },
      ]) {
        expect([filter, await find(filter)]).toEqual([filter, all()]);
      }
    });

    it('find nothing when they cannot hold', async () => {
      for (const filter of [
        { or: [] },
        { not: { not: { or: [] } } },
        { id: { in: [] } },
        { id: { eq: 'a', ne: 'a' } },
        { and: [{ or: [] }, {}] },
        ...(hasParties ? [{ relatedParty: { some: { refId: { in: [] } } } }] : []),
      ]) {
        expect([filter, await find(filter)]).toEqual([filter, []]);
      }
    });

    it('join several conditions by AND, wherever they stand', async () => {
      const id = String(rows()[3]?.['id']);
      const value = String(rows()[3]?.[text]);
      for (const filter of [
        { id: { eq: id }, [text]: { eq: value } },
        { and: [{ id: { eq: id } }, { [text]: { eq: value } }] },
        { id: { gte: id, lte: id } },
        { not: { or: [{ id: { ne: id } }, { [text]: { ne: value } }] } },
      ]) {
        expect([filter, await find(filter)]).toEqual([filter, [id]]);
      }
    });

    if (hasParties)
      it('hold some and none on one and the same element', async () => {
        const has = (row: Json, id: string, role: string): boolean =>
          ((row['relatedParty'] ?? []) as Json[]).some((party) => party['id'] === id && party['role'] === role);
        for (const [id, role] of [
          ['42', 'customer'],
          ['42', 'agent'],
          ['43', 'agent'],
          ['43', 'customer'],
        ] as const) {
          const condition = { id: { eq: id }, role: { in: [role] } };
          expect(await find({ relatedParty: { some: condition } })).toEqual(
            idsOf(rows().filter((row) => has(row, id, role))),
          );
          expect(await find({ relatedParty: { none: condition } })).toEqual(
            idsOf(rows().filter((row) => !has(row, id, role))),
          );
        }
        expect(
          await find({ relatedParty: { some: { refId: { eq: '42' } }, none: { role: { eq: 'agent' } } } }),
        ).toEqual(
          idsOf(
            rows().filter(
              (row) =>
                ((row['relatedParty'] ?? []) as Json[]).some(({ id }) => id === '42') &&
                !((row['relatedParty'] ?? []) as Json[]).some(({ role }) => role === 'agent'),
            ),
          ),
        );
      });

    it(`find the rows that an evaluation in memory finds, for ${runs} random filters`, async () => {
      const attributes = attributesOf(objectType(schema, typeName));
      await fc.assert(
        fc.asyncProperty(arbitraryFilter(attributes, rows(), 3), async ({ input, tree }) => {
          const expected = idsOf(rows().filter((row) => matches(tree, row, attributes)));
          expect([input, await find(input)]).toEqual([input, expected]);
        }),
        { seed, numRuns: runs },
      );
    });

    it('order by several keys, nulls last, then by id', async () => {
      const type = objectType(schema, typeName);
      const valueOf = (row: Json, path: string): any =>
        path.split('.').reduce<any>((value, name) => value?.[name] ?? null, row);
      const [a = '', b = '', c = ''] = sortable.slice(1);
      for (const keys of [
        [a, `-${b}`],
        [`-${a}`, b, c],
        [`-${c}`, `-${b}`, `-${a}`],
        ['-id', a],
      ]) {
        const orderBy = keys.map((key) => nested(type, key.replace('-', ''), key.startsWith('-') ? 'DESC' : 'ASC'));
        const { data } = await server.graphql(
          `query ($orderBy: [${typeName}OrderBy!]) { ${many}(orderBy: $orderBy, limit: 1000) { items { id } } }`,
          { orderBy },
        );
        const expected = [...rows()].sort((x, y) => {
          for (const key of [...keys, 'id']) {
            const [left, right] = [valueOf(x, key.replace('-', '')), valueOf(y, key.replace('-', ''))];
            if (left === right) continue;
            if (left === null || right === null) return left === null ? 1 : -1;
            const sign =
              typeof left === 'string'
                ? Buffer.compare(Buffer.from(left), Buffer.from(right))
                : Number(left) - Number(right);
            return key.startsWith('-') ? -sign : sign;
          }
          return 0;
        });
        expect([keys, idsOf(data[many].items)]).toEqual([keys, idsOf(expected)]);
      }
    });

    it.each(
      grammarFixtures.includes(fixture)
        ? ['', ...sortable.flatMap((path) => [path, `-${path}`])]
        : ['', `-${sortable.at(-1)}`],
    )('page by cursor through the same list as by offset, ordered by %j', async (key) => {
      const type = objectType(schema, typeName);
      const orderBy = key === '' ? [] : [nested(type, key.replace('-', ''), key.startsWith('-') ? 'DESC' : 'ASC')];
      const pages = `query ($orderBy: [${typeName}OrderBy!], $after: String, $offset: Int) {
        ${many}(orderBy: $orderBy, limit: 6, after: $after, offset: $offset) { items { id } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
      const byCursor: unknown[] = [];
      const byOffset: unknown[] = [];
      for (let after: string | undefined, offset = 0; offset <= rows().length; offset += 6) {
        const cursor = (await server.graphql(pages, { orderBy, after })).data[many];
        const skipped = (await server.graphql(pages, { orderBy, offset })).data[many];
        expect(cursor).toEqual(skipped);
        expect([cursor.totalCount, cursor.pageInfo.hasPreviousPage, cursor.pageInfo.hasNextPage]).toEqual([
          rows().length,
          offset > 0,
          offset + 6 < rows().length,
        ]);
        byCursor.push(...idsOf(cursor.items));
        byOffset.push(...idsOf(skipped.items));
        after = cursor.pageInfo.endCursor ?? after;
      }
      expect(byCursor).toEqual(byOffset);
      expect([...byCursor].sort()).toEqual(all().sort());
    });

    it.each([
      [`{ ${text}: ASC, id: ASC }`, 'exactly one'],
      ['{}', 'exactly one'],
      ['{ amount: {} }', ''],
      ['{ relatedParty: ASC }', hasParties ? 'relatedParty' : ''],
      ['{ colour: ASC }', 'colour'],
      [`{ ${text}: UP }`, 'UP'],
      [`{ ${text}: "ASC" }`, 'ASC'],
    ])('refuse orderBy: %s', async (order, named) => {
      const { errors, data } = await server.graphql(`{ ${many}(orderBy: [${order}]) { items { id } } }`);
      expect([data?.[many] ?? null, errors?.[0]?.extensions.status]).toEqual([null, 400]);
      expect(errors?.[0]?.message).toContain(named);
    });
  });
});

interface Both {
  /** As GraphQL takes it, and as the filter language has it. */
  input: Json;
  tree: Filter;
}

/** The address of a document that the server makes is not kept: it is made for the answer, so no filter finds it. */
function withoutMadeUrls(row: Json): Json {
  const documents = row['billDocument'] as Json[] | undefined;
  return documents
    ? {
        ...row,
        billDocument: documents.map((each) =>
          String(each['url']).startsWith(`${row['href']}/`) ? { ...each, url: null } : each,
        ),
      }
    : row;
}

/** Filters on an object of these attributes; most operands are values that occur in the rows. */
function arbitraryFilter(attributes: Attributes, rows: readonly unknown[], depth: number): fc.Arbitrary<Both> {
  const leaves = Object.entries(attributes).map(([name, type]) =>
    arbitraryAt(
      [name],
      type,
      rows.map((row) => (row as Json | null)?.[name] ?? null),
      depth,
    ),
  );
  const leaf = fc.oneof(...leaves);
  if (depth === 0) return leaf;
  const inner = arbitraryFilter(attributes, rows, depth - 1);
  const several = fc.array(inner, { maxLength: 3 });
  return fc.oneof(
    { weight: 6, arbitrary: leaf },
    // An and of nothing says nothing, which or and not refuse.
    {
      weight: 1,
      arbitrary: fc.array(inner, { minLength: 1, maxLength: 3 }).map((parts): Both => ({
        input: { and: parts.map(({ input }) => input) },
        tree: { kind: 'and', filters: parts.map(({ tree }) => tree) },
      })),
    },
    {
      weight: 1,
      arbitrary: several.map((parts): Both => ({
        input: { or: parts.map(({ input }) => input) },
        tree: { kind: 'or', filters: parts.map(({ tree }) => tree) },
      })),
    },
    {
      weight: 1,
      arbitrary: inner.map(({ input, tree }): Both => ({ input: { not: input }, tree: { kind: 'not', filter: tree } })),
    },
  );
}

function arbitraryAt(
  path: readonly string[],
  type: AttributeType,
  values: readonly unknown[],
  depth: number,
): fc.Arbitrary<Both> {
  const nest = (leaf: unknown): Json => path.reduceRight<unknown>((below, name) => ({ [name]: below }), leaf) as Json;
  if (type.kind === 'object') {
    const parts = Object.entries(type.attributes()).map(([name, part]) =>
      arbitraryAt(
        [...path, name],
        part,
        values.map((value) => (value as Json | null)?.[name] ?? null),
        depth,
      ),
    );
    return fc.oneof(...parts);
  }
  if (type.kind === 'list') {
    const elements = values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : []));
    const element = type.element as Extract<AttributeType, { kind: 'object' }>;
    return fc
      .tuple(
        fc.constantFrom('some' as const, 'none' as const),
        arbitraryFilter(element.attributes(), elements, Math.max(0, depth - 1)),
      )
      .map(([kind, { input, tree }]): Both => ({ input: nest({ [kind]: input }), tree: { kind, path, filter: tree } }));
  }
  // Of a value that may be any JSON a filter takes the single ones.
  const single = values.filter((value) => value !== null && typeof value !== 'object');
  return arbitraryScalar(path, type, single, nest);
}

function arbitraryScalar(
  path: readonly string[],
  { type, words }: Extract<AttributeType, { kind: 'scalar' }>,
  present: readonly unknown[],
  nest: (leaf: unknown) => Json,
): fc.Arbitrary<Both> {
  const other: fc.Arbitrary<unknown> = {
    string: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }).map((text) => text.replaceAll('\0', '')),
      fc.constantFrom('', '%', '_', '\\', "'", '\u{10FFFF}', '\uFFFF'),
    ),
    int: fc.integer({ min: -2147483647, max: 2147483647 }),
    decimal: fc.oneof(
      fc.constantFrom(0, -1, 1e15, 1e-9),
      fc
        .integer({ min: -1e14, max: 1e14 })
        .map((digits) => digits / 1e6)
        .filter((number) => Number(number.toPrecision(15)) === number),
    ),
    boolean: fc.boolean(),
    dateTime: fc
      .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    json: fc.string(),
  }[type];
  const value =
    present.length === 0
      ? other
      : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...present) }, { weight: 1, arbitrary: other });
  const typed = (operand: unknown): any => (type === 'dateTime' ? new Date(String(operand)) : operand);
  // Words are compared as a whole with words only, and by their order with any text.
  const whole = words ? fc.constantFrom<unknown>(...words) : value;
  const compare = fc
    .constantFrom(...comparisonsOf(type))
    .chain((operator) => fc.tuple(fc.constant(operator), operator === 'eq' || operator === 'ne' ? whole : value))
    .map(([operator, operand]): Both => ({
      input: nest({ [operator]: operand }),
      tree: { kind: 'compare', path, operator, value: typed(operand) },
    }));
  const isNull = fc
    .boolean()
    .map((flag): Both => ({ input: nest({ isNull: flag }), tree: { kind: 'isNull', path, isNull: flag } }));
  if (type === 'boolean') return fc.oneof(compare, isNull);
  const list = fc
    .tuple(fc.constantFrom('in' as const, 'nin' as const), fc.array(whole, { maxLength: 4 }))
    .map(([operator, operands]): Both => ({
      input: nest({ [operator]: operands }),
      tree: { kind: 'compareList', path, operator, values: operands.map(typed) },
    }));
  const usual = [
    { weight: 4, arbitrary: compare },
    { weight: 1, arbitrary: isNull },
    { weight: 2, arbitrary: list },
  ];
  if (type !== 'string') return fc.oneof(...usual);
  const part = fc.tuple(value, fc.nat(3), fc.nat(4)).map(([text, from, length]) =>
    Array.from(String(text))
      .slice(from, from + length)
      .join(''),
  );
  const text = fc
    .tuple(
      fc.constantFrom('contains' as const, 'startsWith' as const, 'icontains' as const, 'istartsWith' as const),
      part,
    )
    .map(([operator, operand]): Both => ({
      input: nest({ [operator]: operand }),
      tree: { kind: 'compare', path, operator, value: operand },
    }));
  const patterns = fc.constantFrom(
    '^a',
    'e$',
    '[0-9]{2,}',
    '^(a|m|c).*',
    'a.b',
    '\\d+',
    '[^a-z]',
    '',
    '.',
    '^$',
    '(?:r|e)+',
    'ß',
    '\\.',
    '^[A-Z0-9]+$',
  );
  const regex = patterns.map((operand): Both => ({
    input: nest({ regex: operand }),
    tree: { kind: 'compare', path, operator: 'regex', value: operand },
  }));
  return fc.oneof(...usual, { weight: 2, arbitrary: text }, { weight: 1, arbitrary: regex });
}

function comparisonsOf(type: ScalarType): readonly ('eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte')[] {
  return type === 'boolean' || type === 'json' ? ['eq', 'ne'] : ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'];
}
