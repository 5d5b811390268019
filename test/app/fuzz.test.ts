import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { toStorable } from '../../src/platform/storable-text.js';
import { everyFixture } from '../fixtures/chosen.js';
import { makeInstances, queriesOf, type Fixture, type Json, type ViewFixture } from '../fixtures/fixture.js';
import { clientSchema } from '../fixtures/schema.js';
import { Random } from '../support/random.js';
import { seed } from '../support/seed.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { proofSize } from '../support/proof.js';

/** Requests of all kinds together in the suite; FUZZ_REQUESTS=10000 is for a night. */
const requestsInAll = proofSize('FUZZ_REQUESTS', { short: 300, long: 3_000 });
/** An answer that takes longer is none: a bound of waiting, not an expectation of speed. */
const answerMaxMs = 30_000;
const requestsAtOnce = 4;

jest.setTimeout(120_000 + requestsInAll * 1_000);

const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'map',
  'prototype',
  'valueOf',
  '-',
  '-1',
  '0',
  '00',
  '1',
  '1e9',
  '',
  ' ',
  'a/b',
  '~',
  '~1',
  '?',
  '(a+)+b',
  '@type',
  'atType',
  'extension',
  '*',
  '$',
  '\u{1F4A3}',
  'x'.repeat(300),
];
const scalars: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e21,
  1e-9,
  2 ** 53,
  '',
  'x',
  'active',
  '2026-03-01T12:00:00.000Z',
  '(a+)+b',
  '%00',
  '\ud83d',
  'null',
  '1',
  'Individual',
  'x'.repeat(2_000),
];
const operators = [
  '',
  '.eq',
  '.ne',
  '.gt',
  '.gte',
  '.lt',
  '.lte',
  '.in',
  '.nin',
  '.regex',
  '.contains',
  '.isNull',
  '.constructor',
  '.',
  '..',
];
const symbols = ['=', '==', '=~', '*=', '>', '>=', '<', '<=', '!=', '%3E%3D', '%3D', ''];
const aliases = ['a', 'b', 'id', '__proto__', 'constructor', 'toString', 'then', 'toJSON', 'length'];

interface Subject {
  fixture: Fixture | ViewFixture;
  rows: readonly Json[];
}

/** One request, as far as it takes to see it again. */
interface Attempt {
  method: string;
  path: string;
  headers: Record<string, string>;
  text?: string;
}

let server: TestServer;
let schema: GraphQLSchema;
let subjects: Subject[];

beforeAll(async () => {
  server = await startTestServer();
  schema = await clientSchema(server);
  subjects = [];
  for (const fixture of everyFixture)
    subjects.push({ fixture, rows: (await makeInstances(server, fixture, 3)).slice(0, 3) });
});
afterAll(() => server.close());

class Fuzz {
  constructor(private readonly random: Random) {}

  private json(depth = 0): unknown {
    const { random } = this;
    if (depth > 3 || random.chance(0.5)) return random.pick(scalars);
    if (random.chance(0.4)) return random.some(4, () => this.json(depth + 1));
    return Object.fromEntries(random.some(4, () => [this.name(), this.json(depth + 1)] as const));
  }

  private name(own: readonly string[] = []): string {
    return own.length > 0 && this.random.chance(0.7) ? this.random.pick(own) : this.random.pick(oddNames);
  }

  /** A pointer that leads a while to what is there, and then perhaps elsewhere. */
  private pointer(document: unknown): string {
    const { random } = this;
    let at = document;
    let path = '';
    while (random.chance(path === '' ? 0.97 : 0.55)) {
      const names = typeof at === 'object' && at !== null ? Object.keys(at) : [];
      const name = this.name(names);
      at = typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Json)[name] : undefined;
      path += `/${random.chance(0.8) ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name}`;
    }
    return path;
  }

  private patchPath(row: Json): string {
    const { random } = this;
    const list = this.name(Object.keys(row).filter((name) => Array.isArray(row[name])));
    const condition = `${this.name(['id', 'name', 'role'])}${random.pick(operators)}${random.pick(symbols)}${String(random.pick(scalars))}`;
    if (random.chance(0.7)) return this.pointer(row);
    if (random.chance(0.5)) return `/${list}/${this.name(['id', 'name'])}?${list}.${condition}`;
    return `${random.pick(['$.', '', '/', '$'])}${list}[?(@.${this.name(['id', 'name'])}${random.pick(symbols)}'${String(random.pick(scalars))}')]${random.pick(['', '.name', '/id', '.constructor'])}`;
  }

  private subject(): { segment: string; row: Json; fixture: Subject['fixture'] } {
    const { fixture, rows } = this.random.pick(subjects);
    return { fixture, segment: fixture.segment, row: this.random.pick(rows) };
  }

  jsonPatch(): Attempt {
    const { random } = this;
    const { segment, row } = this.subject();
    const operations = random.some(5, () => ({
      op: random.pick(['add', 'remove', 'replace', 'move', 'copy', 'test', 'add', 'test', 'constructor']),
      path: this.patchPath(row),
      ...(random.chance(0.5) && { from: this.pointer(row) }),
      ...(random.chance(0.8) && { value: random.chance(0.3) ? row[this.name(Object.keys(row))] : this.json() }),
    }));
    const type = random.pick(['application/json-patch+json', 'application/json-patch-query+json']);
    return {
      method: 'PATCH',
      path: `/${segment}/${String(row['id'])}`,
      headers: { 'content-type': type },
      text: JSON.stringify(random.chance(0.05) ? this.json() : operations),
    };
  }

  mergePatch(): Attempt {
    const { random } = this;
    const { segment, row } = this.subject();
    const names = Object.keys(row);
    const members = random.some(5, () => {
      const name = this.name(names);
      return [name, random.chance(0.4) ? row[name] : this.json()] as const;
    });
    const announced = random.chance(0.3) ? [['@schemaLocation', 'https://schemas.example/any'] as const] : [];
    const patch = Object.fromEntries([...members, ...announced]);
    return {
      method: 'PATCH',
      path: `/${segment}/${String(row['id'])}`,
      headers: { 'content-type': 'application/merge-patch+json' },
      text: JSON.stringify(patch),
    };
  }

  query(): Attempt {
    const { random } = this;
    const { fixture } = this.subject();
    const paths = [...Object.keys(fixture.filterable), 'id', 'extension.a.b'];
    const value = (): string =>
      random.chance(0.8)
        ? encodeURIComponent(toStorable(String(random.pick(scalars))))
        : random.pick(['"', '%', '%zz', '%ff', ',', ';', '(', '[', "'", '+']);
    const path = (): string => this.name(paths);
    const terms: (() => string)[] = [
      () =>
        `${encodeURI(path())}${random.pick(operators)}${random.pick(symbols)}${random.some(3, value).join(random.pick([',', ';', '&', '%2C']))}`,
      () =>
        `filter=${encodeURIComponent(`$[?(@.${path()}${random.pick(['==', '!=', '<', '>', '=~', ' && ', ''])}${random.pick(["'x'", '1', 'null', 'true', '@.id', '/a/', '', '((('])})]`)}`,
      () => `fields=${encodeURI(random.some(3, path).join(','))}`,
      () => `sort=${random.pick(['', '-', '%2B'])}${encodeURI(path())}`,
      () =>
        `${random.pick(['limit', 'offset', 'depth', 'after', 'expand', 'explain'])}=${random.pick(['', '0', '1', '2', '-1', '1e3', 'x', '99999999999', 'graphql', 'bucket', 'constructor'])}`,
    ];
    const rawQuery = [random.pick(terms), ...random.some(3, () => random.pick(terms))].map((make) => make()).join('&');
    return { method: 'GET', path: `/${fixture.segment}?${rawQuery}`, headers: {} };
  }

  filter(): Attempt {
    const { fixture } = this.subject();
    const [, many] = queriesOf(fixture);
    const fields = schema.getQueryType()?.getFields() ?? {};
    const arg = fields[many]?.args.find(({ name }) => name === 'filter');
    const filter = arg ? this.input(arg.type, 0) : {};
    const query = `query ($filter: ${fixture.typeName}Filter) { ${many}(filter: $filter, limit: 3) { totalCount items { __typename } } }`;
    return this.graphql(query, { filter });
  }

  private input(type: GraphQLInputType, depth: number): unknown {
    const { random } = this;
    if (isNonNullType(type)) return this.input(type.ofType as GraphQLInputType, depth);
    if (random.chance(0.03)) return random.pick([null, {}, [], ...scalars]);
    if (isListType(type)) return random.some(3, () => this.input(type.ofType as GraphQLInputType, depth + 1));
    if (isEnumType(type)) return random.pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields());
      const shallow = fields.filter((field) => !isInputObjectType(getNamedType(field.type)));
      // A filter of filters may have none of these: it ends in an empty one.
      const choice = depth <= 6 ? fields : shallow;
      const members = random
        .some(choice.length === 0 ? 0 : 3, () => random.pick(choice))
        .map((field) => [field.name, this.input(field.type, depth + 1)] as const);
      return Object.fromEntries(random.chance(0.03) ? [...members, [random.pick(oddNames), 1]] : members);
    }
    const fitting: Record<string, unknown[]> = {
      Int: [0, 1, 7],
      Boolean: [true, false],
      Decimal: [0, 1.5, '2'],
      DateTime: ['2026-03-01', '2026-03-01T12:00:00Z'],
      String: ['x', 'a.b', 'constructor', '', '.', 'a{1,3}', '__proto__.x'],
    };
    return random.chance(0.8) ? random.pick(fitting[type.name] ?? scalars) : random.pick(scalars);
  }

  selection(): Attempt {
    const { random } = this;
    const root = schema.getQueryType() as GraphQLObjectType;
    let text = `query ($v: Boolean!) ${this.select(root, 0)}`;
    if (random.chance(0.1)) {
      const at = random.below(text.length);
      text =
        text.slice(0, at) +
        random.pick(['{', '}', '(', '"', '...', '@', '$', '#', '\n', ' __proto__ ', '\u0000']) +
        text.slice(at + random.below(3));
    }
    return this.graphql(text, { v: random.chance(0.5), ...(random.chance(0.05) && { [random.pick(oddNames)]: 1 }) });
  }

  private select(type: GraphQLObjectType, depth: number): string {
    const { random } = this;
    const fields = Object.values(type.getFields());
    const chosen = [random.pick(fields), ...random.some(depth === 0 ? 2 : 4, () => random.pick(fields))];
    const parts = chosen.map((field) => {
      const named = getNamedType(field.type);
      const inner = isObjectType(named) ? (depth > 5 ? ' { __typename }' : ` ${this.select(named, depth + 1)}`) : '';
      const values = field.args.flatMap((arg) => {
        const isNeeded = isNonNullType(arg.type) && arg.defaultValue === undefined;
        if (!isNeeded && !random.chance(arg.name === 'limit' ? 0.9 : 0.1)) return [];
        return [`${arg.name}: ${arg.name === 'limit' ? String(random.below(4)) : literal(this.input(arg.type, 5))}`];
      });
      const alias = random.chance(0.3) ? `${random.pick(aliases)}: ` : '';
      const directive = random.chance(0.05)
        ? random.pick([' @include(if: $v)', ' @skip(if: $v)', ' @skip(if: 1)', ' @constructor'])
        : '';
      return `${alias}${field.name}${values.length > 0 ? `(${values.join(', ')})` : ''}${directive}${inner}`;
    });
    return `{ ${random.chance(0.1) ? `... on ${type.name} { ${parts.join(' ')} }` : parts.join(' ')} }`;
  }

  private graphql(query: string, variables: object): Attempt {
    return {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json' },
      text: JSON.stringify({ query, variables }),
    };
  }
}

/** A value as GraphQL writes it; names that are none there become one. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value)
    .map(([name, part]) => `${/^[_A-Za-z]\w*$/.test(name) ? name : 'x'}: ${literal(part)}`)
    .join(', ')}}`;
}

/** What must not come back; undefined when the answer is fine. */
async function problemOf({ method, path, headers, text }: Attempt): Promise<string | undefined> {
  const base =
    path === '/graphql'
      ? ''
      : (subjects.find(({ fixture }) => new RegExp(`^/${fixture.segment}[/?]`).test(path))?.fixture.basePaths[0] ?? '');
  let answer: Response;
  let body: string;
  try {
    answer = await fetch(server.url + base + path, {
      method,
      headers,
      body: text,
      signal: AbortSignal.timeout(answerMaxMs),
    });
    body = await answer.text();
  } catch (error) {
    return String(error);
  }
  // 501 is what TMF630 offers and we do not, such as a comparison of two paths.
  const isHonest = (status: number): boolean =>
    status < 500 ||
    (status === 501 && body.includes('Not supported')) ||
    (status === 503 && /available|time/.test(body));
  if (!isHonest(answer.status)) return `${answer.status} ${body.slice(0, 500)}`;
  const { errors = [] } = (path === '/graphql' && body !== '' ? JSON.parse(body) : {}) as {
    errors?: { extensions?: { status?: number } }[];
  };
  const failed = errors.find(({ extensions }) => !isHonest(extensions?.status ?? 500));
  return failed && `${answer.status} ${JSON.stringify(failed).slice(0, 500)}`;
}

describe('random requests', () => {
  it.each(['jsonPatch', 'mergePatch', 'query', 'filter', 'selection'] as const)(
    'of the kind %s are answered or refused, never failed',
    async (kind) => {
      const random = new Random(seed);
      const fuzz = new Fuzz(random);
      for (let done = 0; done < requestsInAll / 5; done += requestsAtOnce) {
        const attempts = Array.from({ length: requestsAtOnce }, () => fuzz[kind]());
        // Twice, because an operation that comes again is compiled.
        for (let round = 1; round <= 2; round++) {
          const problems = await Promise.all(attempts.map(problemOf));
          const found = problems.flatMap((problem, index) =>
            problem === undefined ? [] : [{ problem, attempt: attempts[index] }],
          );
          expect({ seed, found }).toEqual({ seed, found: [] });
        }
      }
      expect((await server.rest('GET', '/bucket?limit=1')).status).toBeLessThan(300);
    },
  );
});
