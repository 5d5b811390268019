import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GraphQLSchema } from 'graphql';
import { makeInstances, type Json, type ReadFixture } from '../fixtures/fixture.js';
import { send, type RawAnswer } from '../fixtures/http.js';
import { grammarFixtures, readFixtures } from '../fixtures/chosen.js';
import { fulfils, operandsFor, operatorsOf, samples, sorted, valuesAt } from '../fixtures/expected.js';
import { clientSchema, listsOn, nested, objectType } from '../fixtures/schema.js';
import { startTestServer, type TestServer } from '../support/server.js';

const instances = 14;

describe('a list through REST', () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  const rowsOf = new Map<string, Json[]>();

  beforeAll(async () => {
    server = await startTestServer();
    schema = await clientSchema(server);
    for (const fixture of readFixtures) {
      await makeInstances(server, fixture, instances);
      rowsOf.set(fixture.typeName, (await server.rest('GET', `/${fixture.segment}`)).body);
    }
    // Making the instances of one resource may make rows of another.
    for (const { typeName, segment } of readFixtures)
      rowsOf.set(typeName, (await server.rest('GET', `/${segment}`)).body);
  });
  afterAll(() => server.close());

  describe.each(readFixtures)('of $typeName', (fixture) => {
    const { segment, typeName, text = 'status', time = 'requestedDate', hasParties = true } = fixture;
    const isInGrammar = grammarFixtures.includes(fixture);
    const rows = (): Json[] => rowsOf.get(typeName) as Json[];
    const get = (query: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
      send(server.url, 'GET', `${fixture.basePaths[0]}/${segment}${query === '' ? '' : `?${query}`}`, { headers });
    const idsOf = (list: readonly Json[]): unknown[] => list.map(({ id }) => id);
    const expectRows = async (query: string, expected: readonly Json[]): Promise<void> => {
      const { status, body } = await get(`fields=id&${query}`);
      expect([query, status, status === 200 ? idsOf(body) : body]).toEqual([query, 200, idsOf(expected)]);
    };
    /** The ids that each of several GraphQL filters finds. */
    const manyOf = async (filters: readonly Json[]): Promise<unknown[][]> => {
      const variables = Object.fromEntries(filters.map((filter, at) => [`f${at}`, filter]));
      const names = Object.keys(variables);
      const { data, errors } = await server.graphql(
        `query (${names.map((name) => `$${name}: ${typeName}Filter`).join(', ')}) { ${names.map((name) => `${name}: ${segment}s(filter: $${name}, limit: 1000) { items { id } }`).join(' ')} }`,
        variables,
      );
      if (errors) throw new Error(JSON.stringify([filters, errors]));
      return names.map((name) => idsOf(data[name].items));
    };

    describe('without parameters', () => {
      it('answers every resource whole, in the order of creation, with its counts', async () => {
        const { status, body, headers } = await get('');
        expect(body.length).toBeGreaterThanOrEqual(instances);
        expect([status, headers['x-total-count'], headers['x-result-count'], headers['link']]).toEqual([
          200,
          `${body.length}`,
          `${body.length}`,
          undefined,
        ]);
        expect(idsOf(body)).toEqual(idsOf(body).sort());
        for (const row of body.slice(0, 5))
          expect((await server.rest('GET', `/${segment}/${row.id}`)).body).toEqual(row);
      });

      it('leaves absent attributes out', () => {
        expect(JSON.stringify(rows())).not.toContain('null,');
        for (const row of rows()) expect(Object.values(row)).not.toContain(null);
      });
    });

    describe('with fields', () => {
      const identity = fixture.fieldsAddIdentity ? ['id', 'href'] : [];
      const project = (row: Json, names: readonly string[]): Json =>
        Object.fromEntries(Object.entries(row).filter(([name]) => identity.includes(name) || names.includes(name)));

      it('answers each first-level attribute alone', async () => {
        const names = [...new Set(rows().flatMap((row) => Object.keys(row)))];
        for (const name of names)
          expect([name, (await get(`fields=${name}`)).body]).toEqual([name, rows().map((row) => project(row, [name]))]);
      });

      const encoded = `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`;
      if (isInGrammar) {
        it.each([
          `fields=${text},id`,
          `fields=id&fields=${text}`,
          `fields=${text},id,${text}`,
          `fields=${encoded}%2Cid`,
          `fields=+${text},+id`,
        ])('answers the union that %s names', async (query) => {
          expect((await get(query)).body).toEqual(rows().map((row) => project(row, ['id', text])));
        });
      }

      it('selects within objects and within each element of a list', async () => {
        const paths = Object.keys(fixture.filterable).filter((path) => path.split('.').length === 2);
        expect(paths.length).toBeGreaterThan(1);
        for (const path of paths) {
          const [outer = '', inner = ''] = path.split('.');
          const part = (value: any): Json => (inner in value ? { [inner]: value[inner] } : {});
          const expected = rows().map((row) => {
            const value = row[outer];
            const chosen = value === undefined ? {} : { [outer]: Array.isArray(value) ? value.map(part) : part(value) };
            return { ...project(row, []), ...chosen };
          });
          expect([path, (await get(`fields=${path}`)).body]).toEqual([path, expected]);
        }
      });

      if (isInGrammar) {
        it('answers an attribute whole that is named whole and in part', async () => {
          const [path = ''] = Object.keys(fixture.filterable).filter((name) => name.includes('.'));
          const outer = path.split('.')[0] as string;
          expect((await get(`fields=${path},${outer}`)).body).toEqual(rows().map((row) => project(row, [outer])));
        });
      }

      it('answers id and href for none', async () => {
        const expected = rows().map(({ id, href }) => ({ id, href }));
        expect((await get('fields=none')).body).toEqual(expected);
        expect((await get(`fields=none&limit=1`)).body).toEqual(expected.slice(0, 1));
        expect(
          (await send(server.url, 'GET', `${fixture.basePaths[0]}/${segment}/${String(rows()[0]?.['id'])}?fields=none`))
            .body,
        ).toEqual(expected[0]);
      });

      if (isInGrammar) {
        it.each([
          'colour',
          `${text}.colour`,
          'atType',
          'revision',
          'None',
          '',
          'id,',
          'entries',
          'target',
          '__typename',
          'constructor',
          '__proto__',
        ])('refuses %j, which is no attribute, by name', async (name) => {
          const { status, body } = await get(`fields=${name}`);
          expect([status, body]).toEqual([400, error(400, `'${name.split(',').at(-1)}'`)]);
        });
      }
    });

    describe('with a filter', () => {
      // One path of each kind and depth shows the operators and spellings of REST; what an operator means is shown for all.
      const examples = [
        ...new Map(
          Object.entries(fixture.filterable).map(([path, kind]) => [
            `${kind} ${path.split('.').length}`,
            [path, kind] as const,
          ]),
        ).values(),
      ];

      it.each(Object.entries(fixture.filterable))(
        'by %s finds the rows that every operator says',
        async (path, kind) => {
          const type = objectType(schema, typeName);
          const values = samples(rows(), path, kind);
          expect(values.length).toBeGreaterThan(0);
          const lists = listsOn(type, path);
          const cases = operatorsOf[kind].flatMap((operator) =>
            operandsFor(operator, values).map((operands) => ({ operator, operands })),
          );
          const expected = cases.map(({ operator, operands }) =>
            rows().filter((row) => fulfils(row, path, kind, operator, operands, lists)),
          );
          const isExample = examples.some(([example]) => example === path);
          for (const [at, { operator, operands }] of cases.entries()) {
            if (!isExample && operator !== 'eq') continue;
            const written = operands
              .map((operand) =>
                encodeURIComponent(String(operand).includes(',') ? `"${String(operand)}"` : String(operand)),
              )
              .join(',');
            await expectRows(`${path}.${operator.toLowerCase()}=${written}`, expected[at] as Json[]);
          }
          const filters = cases.map(({ operator, operands }) => {
            const operand = operator === 'in' || operator === 'nin' ? operands : operands[0];
            const isDenied = lists.length > 0 && (operator === 'ne' || operator === 'nin');
            return isDenied
              ? nested(type, path, { [operator === 'ne' ? 'eq' : 'in']: operand }, 'none')
              : nested(type, path, { [operator]: operand });
          });
          const found = await manyOf(filters);
          expect(filters.map((filter, at) => [filter, found[at]])).toEqual(
            filters.map((filter, at) => [filter, idsOf(expected[at] as Json[])]),
          );
        },
      );

      if (isInGrammar) {
        it.each(examples)('by %s takes every spelling of equality and alternatives', async (path, kind) => {
          const values = samples(rows(), path, kind);
          const [a = '', b = a] = values.map((value) => encodeURIComponent(String(value)));
          const one = rows().filter((row) => fulfils(row, path, kind, 'eq', values.slice(0, 1)));
          const either = rows().filter((row) => fulfils(row, path, kind, 'eq', values.slice(0, 2)));
          for (const query of [
            `${path}=${a}`,
            `${path}==${a}`,
            `${path}%3D%3D${a}`,
            `${path}.eq=${a}`,
            `${path}.EQ=${a}`,
            `${path}="${a}"`,
            `${path}=%22${a}%22`,
            `${encodeURIComponent(path)}=${a}`,
          ]) {
            await expectRows(query, one);
          }
          for (const query of [
            `${path}=${a},${b}`,
            `${path}=${a}&${path}=${b}`,
            `${path}=${a};${path}=${b}`,
            `${path}=${a};${b}`,
            `${path}.in=${a},${b}`,
            `${path}="${a}","${b}"`,
          ]) {
            await expectRows(query, either);
          }
        });
      }

      const ranges = examples.filter(([, kind]) => kind !== 'boolean');
      if (isInGrammar) {
        it.each(ranges)('by %s takes every spelling of a range', async (path, kind) => {
          const [value] = samples(rows(), path, kind).slice(-1);
          const operand = encodeURIComponent(String(value));
          const spellings = {
            gt: ['>', '%3E'],
            gte: ['>=', '%3E%3D', '%3E=', '%3E%3D='],
            lt: ['<', '%3C'],
            lte: ['<=', '%3C%3D', '%3c='],
          };
          for (const [operator, symbols] of Object.entries(spellings)) {
            const expected = rows().filter((row) => fulfils(row, path, kind, operator, [value]));
            for (const symbol of symbols) await expectRows(`${path}${symbol}${operand}`, expected);
          }
        });
      }

      if (isInGrammar) {
        it('joins conditions on different attributes by AND, and alternatives of them by semicolon', async () => {
          const [first, second] = Object.entries(fixture.filterable).filter(([path]) => path !== 'id');
          const [[path = '', kind = 'string'], [other = '', otherKind = 'string']] = [first ?? [], second ?? []];
          const a = samples(rows(), path, kind)[0];
          const b = samples(rows(), other, otherKind).at(-1);
          const isA = (row: Json): boolean => fulfils(row, path, kind, 'eq', [a]);
          const isB = (row: Json): boolean => fulfils(row, other, otherKind, 'eq', [b]);
          // In quotes, for a comma would separate values.
          const [x, y] = [`${path}="${encodeURIComponent(String(a))}"`, `${other}="${encodeURIComponent(String(b))}"`];
          await expectRows(
            `${x}&${y}`,
            rows().filter((row) => isA(row) && isB(row)),
          );
          await expectRows(
            `${x};${y}`,
            rows().filter((row) => isA(row) || isB(row)),
          );
          await expectRows(
            `&${x}&&${y}&`,
            rows().filter((row) => isA(row) && isB(row)),
          );
        });
      }

      if (hasParties)
        it('holds two conditions on one list for any two elements, and some for one and the same', async () => {
          const both = rows().filter(
            (row) =>
              valuesAt(row, 'relatedParty.id').includes('42') &&
              valuesAt(row, 'relatedParty.role').includes('customer'),
          );
          const same = rows().filter((row) =>
            ((row['relatedParty'] ?? []) as Json[]).some(({ id, role }) => id === '42' && role === 'customer'),
          );
          // Where there is but one party in a list, any two are the same.
          expect(both.length > same.length).toBe(
            rows().some(({ relatedParty }) => ((relatedParty ?? []) as Json[]).length > 1),
          );
          await expectRows('relatedParty.id=42&relatedParty.role=customer', both);
          const condition = { refId: { eq: '42' }, role: { eq: 'customer' } };
          const found = await manyOf([{ relatedParty: { some: condition } }, { relatedParty: { none: condition } }]);
          expect(found).toEqual([idsOf(same), idsOf(rows().filter((row) => !same.includes(row)))]);
        });

      if (time !== null)
        if (isInGrammar) {
          it('compares times as instants, whatever their offset and precision', async () => {
            const times = rows()
              .map((row) => String(row[time]))
              .sort();
            const middle = times[Math.floor(times.length / 2)] as string;
            const shifted = `${new Date(Date.parse(middle) + 2 * 3_600_000).toISOString().slice(0, -1)}%2B02:00`;
            const unencoded = shifted.replace('%2B', '+');
            const compact = shifted.replace(/02:00$/, '0200');
            const expected = rows().filter((row) => String(row[time]) >= middle);
            for (const written of [middle, shifted, unencoded, compact, `"${middle}"`, middle.slice(0, -1)])
              await expectRows(`${time}.gte=${written}`, expected);
            await expectRows(`${time}.gte=2026-03-01`, rows());
            await expectRows(`${time}.gt=2026-03`, rows());
            await expectRows(`${time}.lt=2026`, []);
          });
        }

      it('answers an empty list when nothing matches', async () => {
        const { status, body, headers } = await get('id=none');
        expect([status, body, headers['x-total-count'], headers['x-result-count']]).toEqual([200, [], '0', '0']);
      });

      if (isInGrammar) {
        it('finds by @type what the client named so, and by the class name what the client did not name', async () => {
          for (const row of rows().slice(0, 4)) {
            const name = String(row['@type'] ?? typeName);
            const expected = rows().filter((each) => (each['@type'] ?? typeName) === name);
            await expectRows(`@type=${name}`, expected);
            await expectRows(`%40type=${name}`, expected);
          }
          await expectRows('@type=Other', []);
        });
      }

      if (isInGrammar) {
        it.each(
          [
            ['colour=red', 'colour'],
            [`${text}.colour=red`, 'colour'],
            ['colour.gt=1', 'colour'],
            [`${text}.like=a`, 'like'],
            [`${text}.gt.lt=a`, `${text}.gt.lt`],
            ['atType=Bucket', 'atType'],
            ['revision=1', 'revision'],
            ['constructor=x', 'constructor'],
            ['__proto__=x', '__proto__'],
            ['hasOwnProperty.eq=x', 'hasOwnProperty'],
            ['relatedParty=42', 'relatedParty'],
            ['relatedParty.0.id=42', 'relatedParty.0'],
            ...(time === null
              ? []
              : [
                  [`${time}.contains=2026`, 'contains'],
                  [`${time}=yesterday`, 'yesterday'],
                  [`${time}=2026-02-30`, '2026-02-30'],
                  [`${time}=`, time],
                ]),
            [`${text}.isnull=maybe`, 'maybe'],
            [`${text}.regex=(`, text],
            [`${text}.regex=(a%2B)%2B%24%5C1`, text],
            [text, text],
            ['=active', 'attribute name'],
            [`${text}="active`, 'double quote'],
            [`${text}.contains=active;limit=5`, 'limit'],
            [`${text}=%zz`, '%zz'],
            [`${text}=%C3`, '%C3'],
            [`${text}=%00`, 'NUL'],
            [`${text}=%ED%A0%80`, '%ED%A0%80'],
            [`id=${'a,'.repeat(300)}a`, 'VALUES_PER_KEY_MAX'],
            [Array.from({ length: 101 }, (_, at) => `id.ne=${at}`).join(';'), 'CLAUSES_MAX'],
            ['relatedParty.'.repeat(13) + 'id=1', 'PATH_DEPTH_MAX'],
          ].map(titled),
        )('refuses %s with 400 naming what is wrong', async (_title, query, named) => {
          const { status, body } = await get(query);
          expect([status, body]).toEqual([400, error(400, named)]);
        });
      }
    });

    describe('with sort', () => {
      it.each(fixture.sortable.map((path) => [path]))(
        'by %s orders up and down, absent values last, then by id',
        async (path) => {
          const kind = fixture.filterable[path] ?? 'string';
          for (const [query, descending] of [
            [path, false],
            [`%2B${path}`, false],
            [`+${path}`, false],
            [`-${path}`, true],
          ] as const) {
            expect([query, idsOf((await get(`sort=${query}`)).body)]).toEqual([
              query,
              idsOf(sorted(rows(), [{ path, kind, descending }])),
            ]);
          }
        },
      );

      if (isInGrammar) {
        it('takes several keys', async () => {
          const [a = '', b = '', c = ''] = fixture.sortable.slice(1);
          const kind = (path: string): ReadFixture['filterable'][string] => fixture.filterable[path] ?? 'string';
          const keys = [
            { path: a, kind: kind(a), descending: false },
            { path: b, kind: kind(b), descending: true },
            { path: c, kind: kind(c), descending: false },
          ];
          expect(idsOf((await get(`sort=${a},-${b},${c}`)).body)).toEqual(idsOf(sorted(rows(), keys)));
        });
      }

      if (isInGrammar) {
        it.each([
          'colour',
          '-colour',
          'href',
          '-href',
          'relatedParty',
          ...(hasParties ? ['relatedParty.id'] : []),
          `${text},${text}`,
          '',
          `${text},`,
          `--${text}`,
          'revision',
          'constructor',
        ])('refuses %j', async (keys) => {
          const { status, body } = await get(`sort=${keys}`);
          expect([status, body]).toEqual([400, error(400, '')]);
        });
      }
    });

    describe('in pages', () => {
      if (isInGrammar) {
        it.each([
          ['limit=3', 0, 3, 206],
          ['offset=2&limit=3', 2, 3, 206],
          ['offset=0', 0, 1000, 200],
          ['offset=1', 1, 1000, 206],
          ['limit=1000', 0, 1000, 200],
          ['offset=11&limit=1000', 11, 1000, 206],
          ['offset=99999&limit=5', 99999, 5, 206],
          ['limit=0', 0, 0, 206],
        ])('%s answers its part, its counts and its status', async (query, offset, limit, status) => {
          const answer = await get(query);
          const expected = rows().slice(offset, offset + limit);
          expect([answer.status, idsOf(answer.body)]).toEqual([status, idsOf(expected)]);
          expect([answer.headers['x-total-count'], answer.headers['x-result-count']]).toEqual([
            `${rows().length}`,
            `${expected.length}`,
          ]);
        });
      }

      if (isInGrammar) {
        it('links first, prev, next and last, and they lead through the whole list both ways', async () => {
          const follow = async (rel: string, from: string): Promise<string[][]> => {
            const pages: string[][] = [];
            for (let target: string | undefined = from; target !== undefined && pages.length < 100;) {
              const answer: RawAnswer = await send(server.url, 'GET', target);
              pages.push(idsOf(answer.body) as string[]);
              const next = linksOf(answer).get(rel);
              target = next?.slice(server.url.length);
            }
            return pages;
          };
          const base = `${fixture.basePaths[0]}/${segment}`;
          const query = `${text}.isnull=false&sort=-${fixture.sortable[1]}`;
          const whole = idsOf((await get(query)).body) as string[];
          const first = await send(server.url, 'GET', `${base}?${query}&limit=4`);
          expect([...linksOf(first).keys()]).toEqual(['first', 'next', 'last']);
          const forward = await follow('next', `${base}?${query}&limit=4`);
          expect(forward.flat()).toEqual(whole);
          const last = linksOf(first).get('last')?.slice(server.url.length) as string;
          expect((await follow('prev', last)).reverse()).toEqual(forward);
          expect(await follow('next', linksOf(first).get('first')?.slice(server.url.length) as string)).toEqual(
            forward,
          );
        });
      }

      it('pages by after through the whole list, as by offset', async () => {
        // That every order has cursors is shown in GraphQL (filter.test.ts).
        for (const sort of ['', fixture.sortable[0] ?? '', `-${fixture.sortable.at(-1)}`]) {
          const query = sort === '' ? '' : `sort=${sort}&`;
          const whole = idsOf((await get(query)).body);
          const many = `${segment}s`;
          const start = await server.graphql(
            `query ($orderBy: [${typeName}OrderBy!]) { ${many}(limit: 7, orderBy: $orderBy) { items { id } pageInfo { endCursor } } }`,
            {
              orderBy:
                sort === ''
                  ? []
                  : [
                      nested(
                        objectType(schema, typeName),
                        sort.replace('-', ''),
                        sort.startsWith('-') ? 'DESC' : 'ASC',
                      ),
                    ],
            },
          );
          const found = idsOf(start.data[many].items);
          let target: string | undefined =
            `${fixture.basePaths[0]}/${segment}?${query}limit=7&after=${start.data[many].pageInfo.endCursor}`;
          while (target !== undefined && found.length <= whole.length) {
            const answer = await send(server.url, 'GET', target);
            // Whoever goes on from page to page knows the total already.
            expect([sort, answer.status, answer.headers['x-total-count']]).toEqual([sort, 206, undefined]);
            found.push(...idsOf(answer.body));
            target = linksOf(answer).get('next')?.slice(server.url.length);
          }
          expect([sort, found]).toEqual([sort, whole]);
        }
      });

      if (isInGrammar) {
        it.each([
          ['items=1-3', 0, 3],
          ['items=3-5', 2, 3],
          ['items=11-1000', 10, 1000],
        ])('answers Range %s with Content-Range', async (range, offset, count) => {
          const answer = await get('', { Range: range });
          const expected = rows().slice(offset, offset + count);
          expect([answer.status, idsOf(answer.body)]).toEqual([206, idsOf(expected)]);
          expect(answer.headers['content-range']).toBe(
            `items ${offset + 1}-${offset + expected.length}/${rows().length}`,
          );
        });
      }

      if (isInGrammar) {
        it('answers 200 to a Range that covers the whole list', async () => {
          expect((await get('', { Range: 'items=1-1000' })).status).toBe(200);
        });
      }

      if (isInGrammar) {
        it.each(['bytes=0-', 'bytes=0-5', 'bytes=-1', 'itemsx=1-2', 'pages=x', 'nonsense'])(
          'ignores Range %s, whose unit it does not know',
          async (range) => {
            const answer = await get('', { Range: range });
            expect([answer.status, answer.headers['content-range'], idsOf(answer.body)]).toEqual([
              200,
              undefined,
              idsOf(rows().slice(0, 1000)),
            ]);
          },
        );
      }

      if (isInGrammar) {
        it('takes the unit in any case', async () => {
          expect((await get('', { Range: 'Items=1-2' })).status).toBe(206);
        });
      }

      if (isInGrammar) {
        it.each(['items=0-5', 'items=5-3', 'items=-5', 'items=1-', 'items=1-1001', 'items=a-b', 'items=1-5,7-9'])(
          'refuses Range %s',
          async (range) => {
            const { status, body } = await get('', { Range: range });
            expect([status, body]).toEqual([400, error(400, 'Range')]);
          },
        );
      }

      if (isInGrammar) {
        it.each(
          [
            ['limit=-1', 'limit'],
            ['limit=abc', 'limit'],
            ['limit=1.5', 'limit'],
            ['limit=1e2', 'limit'],
            ['limit=', 'limit'],
            ['limit', 'limit'],
            ['limit=1001', '1000'],
            ['limit=99999999999999999999', 'limit'],
            ['offset=-1', 'offset'],
            ['offset=100001', 'OFFSET_MAX'],
            ['offset=99999999999999999999', 'OFFSET_MAX'],
            ['offset=1&offset=2', 'offset'],
            ['offset=1&after=WyJ4Il0', 'after'],
            ['after=', 'after'],
            ['after=nonsense', 'after'],
            ['after=WyJhIiwiYiJd', 'after'],
            ['after=W251bGxd', 'cursor'],
            ['after=eyJhIjoxfQ', 'after'],
            ['after=WzFd', "'1'"],
            ['after=WyJcdTAwMDAiXQ', "'id'"],
            ['after=WyJcdWQ4MDAiXQ', "'id'"],
            [`after=${'A'.repeat(3000)}`, 'after'],
          ].map(titled),
        )('refuses %s', async (_title, query, named) => {
          const { status, body } = await get(query);
          expect([status, body]).toEqual([400, error(400, named)]);
        });
      }
    });
  });
});

function linksOf(answer: RawAnswer): Map<string, string> {
  const header = (answer.headers['link'] as string | undefined) ?? '';
  return new Map([...header.matchAll(/<([^>]*)>; rel="(\w+)"/g)].map(([, target = '', rel = '']) => [rel, target]));
}

/** A test's name must stay readable. */
function titled([query = '', named = '']: string[]): [title: string, query: string, named: string] {
  return [query.length > 40 ? `${query.slice(0, 40)}...` : query, query, named];
}

function error(status: number, named: string): object {
  return {
    code: expect.stringMatching(/^\d+$/),
    reason: expect.stringMatching(/./),
    message: expect.stringContaining(named),
    status: String(status),
    requestId: expect.any(String),
    '@type': 'Error',
  };
}
