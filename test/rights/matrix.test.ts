import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
} from 'graphql';
import { apis } from '../../rest-compat/apis/index.js';
import { nodeIdOf } from '../../graphql/node/node-id.js';
import { operationsOfSchema } from '../../graphql/rights/operations.js';
import { ownedResources } from '../../graphql/rights/ownership.js';
import { defaultPolicy } from '../../src/app/rights/default-policy.js';
import { policyTermsOf } from '../../src/app/rights/load-policy.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import { readPolicy } from '../../src/platform/rights/policy.js';
import { Policies, type Granted } from '../../src/platform/rights/rights.js';
import { makeEverything, type Everything } from './everything.js';
import { People } from './people.js';
import { makeTenant } from '../support/tenants.js';

jest.setTimeout(300_000);

const verbs = { get: 'read', post: 'create', patch: 'update', delete: 'delete' };

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const { ofField } = operationsOfSchema(schema);
const policies = new Policies(readPolicy(defaultPolicy, policyTermsOf(schema)));
const roles = Object.keys(defaultPolicy.roles);
const grantOf = (role: string, operation: string): Granted | undefined => policies.rightsOf([role]).grantOf(operation);

/** Everybody: each role as the owner of what ann has, and in another tenant. */
const persons = roles.flatMap((role) => [
  { role, name: `${role} ann`, tenant: 'default' },
  { role, name: `${role} acme`, tenant: 'acme' },
]);

type Person = (typeof persons)[number];
type Field = GraphQLField<unknown, unknown>;

let people: People;
const data: Record<string, Everything> = {};
beforeAll(async () => {
  const claims = persons.map(({ role, name, tenant }) => [
    name,
    { tenant, roles: [role], parties: ['ann'], accounts: ['account-ann'], logical_resources: ['number-ann'] },
  ]);
  people = await People.start({ root: { roles: ['installation'] }, ...Object.fromEntries(claims) });
  await makeTenant((text, variables) => people.graphql('root', text, variables), 'acme');
  data['default'] = await makeEverything(people, 'admin ann', ['ann', 'bob']);
  data['acme'] = await makeEverything(people, 'admin acme', ['ann', 'bob']);
});
afterAll(() => people.close());

/** Ids that a person may see of a type; undefined: of what is made by itself nobody keeps a list. */
function expectedIds(typeName: string, tenant: string, granted: Granted): string[] | undefined {
  const made = data[tenant]?.[typeName];
  if (made === undefined) return undefined;
  return Object.entries(made).flatMap(([owner, id]) => (granted.rows === 'all' || owner === 'ann' ? [id] : []));
}

function allIds(typeName: string): string[] {
  return Object.values(data).flatMap((made) => Object.values(made[typeName] ?? {}));
}

const queries = Object.values(schema.getQueryType()!.getFields());
const mutations = Object.values(schema.getMutationType()!.getFields());
const typeOf = ({ type }: GraphQLField<unknown, unknown>): string => getNamedType(type).name.replace(/Page$/, '');

/** The argument by which a field of the root answers one row; what its rows are known by, as id. */
const keyOf = ({ args }: Field): string | undefined => args.find(({ type }) => String(type) === 'ID!')?.name;
const idOf = (typeName: string): string =>
  'id' in (schema.getType(typeName) as GraphQLObjectType).getFields() ? 'id' : 'id: value';

const isForbidden = (errors: any): boolean => errors?.[0]?.extensions.code === 'FORBIDDEN';

/** Whether a person sees in a list what it should, and nothing else; returns what is wrong. */
async function listProblems({ role, name, tenant }: Person, field: Field): Promise<string[]> {
  const granted = grantOf(role, ofField.get(`Query.${field.name}`)!);
  const { name: pageName } = getNamedType(field.type);
  if (pageName.endsWith('GroupPage')) return groupProblems(name, field, granted);
  const isPage = pageName.endsWith('Page');
  const query = isPage ? `(limit: 1000) { totalCount items { ${idOf(typeOf(field))} } }` : '(groupBy: []) { count }';
  const { data: found, errors } = await people.graphql(name, `{ found: ${field.name}${query} }`);
  if (!granted) return isForbidden(errors) ? [] : [JSON.stringify(errors)];
  if (errors) return [JSON.stringify(errors)];
  if (!isPage) {
    const { data: listed } = await people.graphql(name, '{ usages { totalCount } }');
    return found.found[0].count === listed.usages.totalCount ? [] : ['it counts others'];
  }
  const seen = new Set((found.found.items as { id: string }[]).map(({ id }) => id));
  const wanted = expectedIds(typeOf(field), tenant, granted) ?? [];
  return [
    ...(found.found.totalCount === seen.size ? [] : ['the count differs']),
    ...allIds(typeOf(field)).flatMap((id) => (seen.has(id) === wanted.includes(id) ? [] : [`${id}: ${seen.has(id)}`])),
  ];
}

/** What reads write themselves: between the two statements of one query there may be more of it. */
const writtenByReads = ['AuditRecord'];

/** The same of groups: they count what the list shows. */
async function groupProblems(name: string, field: Field, granted: Granted | undefined): Promise<string[]> {
  const list = field.name.replace(/Aggregate$/, '');
  const { data: found, errors } = await people.graphql(
    name,
    `{ before: ${list} { totalCount } found: ${field.name} { items { count } } listed: ${list} { totalCount } }`,
  );
  if (!granted) return isForbidden(errors) ? [] : [JSON.stringify(errors)];
  if (errors) return [JSON.stringify(errors)];
  const [{ count }] = found.found.items;
  const most = found.listed.totalCount;
  const type = typeOf(queries.find((one) => one.name === list)!);
  const least = writtenByReads.includes(type) ? found.before.totalCount : most;
  return count >= least && count <= most ? [] : [`it counts ${count}, not ${most}`];
}

/** The same of reads by id; what answers any type is asked for rows of all. */
async function readProblems({ role, name, tenant }: Person, field: Field): Promise<string[]> {
  const type = getNamedType(field.type);
  const types = isAbstractType(type) ? schema.getPossibleTypes(type).map((one) => one.name) : [type.name];
  const problems: string[] = [];
  for (const typeName of types) {
    const granted = grantOf(role, `${lowerFirst(typeName)}:read`);
    const query = `query ($id: ID!) { found: ${field.name}(${keyOf(field)}: $id) { ... on ${typeName} { ${idOf(typeName)} } } }`;
    for (const id of [...allIds(typeName), 'unheard-of']) {
      const variables = { id: isAbstractType(type) ? nodeIdOf(typeName, id) : id };
      const { data: found, errors } = await people.graphql(name, query, variables);
      const isRight = !granted
        ? isForbidden(errors)
        : !errors && (found.found !== null) === seesRow(typeName, id, tenant, granted);
      if (!isRight) problems.push(`${typeName} ${id}: ${JSON.stringify(found)} ${JSON.stringify(errors)}`);
    }
  }
  return problems;
}

/** Whether a person gets a link to the documents of the bills that it may fetch, and to no others. */
async function linkProblems({ role, name, tenant }: Person, field: Field): Promise<string[]> {
  const granted = grantOf(role, ofField.get(`Query.${field.name}`)!) && grantOf(role, 'customerBill:readDocument');
  const query = `query ($url: String!) { found: ${field.name}(url: $url) { url } }`;
  const problems: string[] = [];
  for (const id of [...allIds('CustomerBill'), 'unheard-of']) {
    const url = `/tmf-api/customerBillManagement/v4/customerBill/${id}/document.pdf`;
    const { data: found, errors } = await people.graphql(name, query, { url });
    const isSeen = granted ? seesRow('CustomerBill', id, tenant, granted) : false;
    const code = errors?.[0]?.extensions.code;
    const isRight = isSeen
      ? !errors && (await fetch(people.server.url + found.found.url)).status === 200
      : code === (granted ? 'NOT_FOUND' : 'FORBIDDEN');
    if (!isRight) problems.push(`${id}: ${JSON.stringify(errors)}`);
  }
  return problems;
}

/** Whether a person may call a mutation just when that is granted. */
async function callProblems({ role, name }: Person, field: Field): Promise<string[]> {
  const operation = ofField.get(`Mutation.${field.name}`)!;
  const required = field.args.filter(({ type }) => isNonNullType(type));
  const variables = Object.fromEntries(required.map((arg) => [arg.name, anyValue(arg.type)]));
  const declared = required.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
  const passed = required.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  const answered = getNamedType(field.type).name === 'ID' ? '' : '{ __typename }';
  const document = `mutation (${declared}) { done: ${field.name}(${passed}) ${answered} }`;
  const { errors } = await people.graphql(name, document, variables);
  const isMissing = errors?.[0]?.message === `the right ${operation} is missing`;
  return isMissing === !grantOf(role, operation) ? [] : [JSON.stringify(errors)];
}

const hasUrl = ({ args }: Field): boolean => args.some(({ name }) => name === 'url');

describe.each(persons)('$name of $tenant', (person) => {
  const { role, name, tenant } = person;

  it.each([
    ['lists', listProblems, queries.filter(({ args }) => args.some((arg) => arg.name === 'filter'))],
    ['reads', readProblems, queries.filter((field) => keyOf(field) !== undefined)],
    ['links', linkProblems, queries.filter(hasUrl)],
    ['mutations', callProblems, mutations],
  ] as const)('has what is granted of the %s, and nothing else', async (_what, problemsOf, fields) => {
    const problems: string[] = [];
    for (const field of fields)
      for (const problem of await problemsOf(person, field)) problems.push(`${field.name}: ${problem}`);
    expect(problems).toEqual([]);
  });

  it('has what is granted at every path of TMF REST, and nothing else', async () => {
    const problems: string[] = [];
    for (const { path, method, typeName, verb } of restOperations) {
      const granted = grantOf(role, `${lowerFirst(typeName)}:${verb}`);
      for (const id of path.includes('{id}') ? [...allIds(typeName), 'unheard-of'] : ['']) {
        // Of what may be deleted, another revision: nothing goes.
        const headers = { ...people.of(name), ...(method === 'DELETE' && { 'if-match': '"999999"' }) };
        const body = method === 'POST' || method === 'PATCH' ? { body: {} } : {};
        const { status } = await people.server.rest(method, path.replace('{id}', id), { headers, ...body });
        const isSeen = granted ? seesRow(typeName, id, tenant, granted) : false;
        if (!expectedStatuses(method, id, granted, isSeen).includes(status))
          problems.push(`${method} ${path} ${id}: ${status}`);
      }
    }
    expect(problems).toEqual([]);
  });
});

it('everything was called', () => {
  const called = [
    ...queries.filter((field) => keyOf(field) ?? field.args.some(({ name }) => ['filter', 'url'].includes(name))),
    ...mutations,
  ];
  expect([...queries, ...mutations].filter((field) => !called.includes(field)).map(({ name }) => name)).toEqual([]);
});

it('every resource that has an owner was made, for one and for the other', () => {
  // Registrations are those of principals (test/domain/hub).
  const madeByThemselves = ['AccumulatedBalance', 'LedgerEntry', 'BalanceAction', 'Hub', 'HubDeadLetter'];
  const missing = ownedResources.filter(
    (name) => !madeByThemselves.includes(name) && !data['default']?.[name]?.['bob'],
  );
  expect(missing).toEqual([]);
});

function seesRow(typeName: string, id: string, tenant: string, granted: Granted): boolean {
  return expectedIds(typeName, tenant, granted)?.includes(id) ?? false;
}

const restOperations = readdirSync('openapi').flatMap((file) => {
  const { paths, servers } = JSON.parse(readFileSync(`openapi/${file}`, 'utf8')) as {
    paths: Record<string, object>;
    servers: { url: string }[];
  };
  const api = apis.find(({ basePaths }) => servers[0]?.url.endsWith(basePaths[0]));
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(verbs).flatMap(([method, verb]) => {
      const typeName = api?.resources[path.split('/')[1] as string];
      // A patch of a collection creates.
      const meant = method === 'patch' && !path.includes('{id}') ? 'create' : verb;
      return method in methods && typeName ? [{ path, method: method.toUpperCase(), verb: meant, typeName }] : [];
    }),
  );
});

/** What a request may come to. */
function expectedStatuses(method: string, id: string, granted: Granted | undefined, isSeen: boolean): number[] {
  if (!granted) return [403];
  if (method === 'GET') return [id === '' || isSeen ? 200 : 404];
  if (method === 'DELETE') return isSeen ? [412] : [404];
  return method === 'PATCH' ? (id === '' || isSeen ? [200, 400, 409, 415] : [404]) : [201, 400, 409, 422];
}

/** A value that the type takes, of which nothing comes. */
function anyValue(type: GraphQLInputType): unknown {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return [anyValue(nullable.ofType as GraphQLInputType)];
  if (isEnumType(nullable)) return nullable.getValues()[0]?.name;
  if (isInputObjectType(nullable)) {
    const required = Object.values(nullable.getFields()).filter((field) => isNonNullType(field.type));
    return Object.fromEntries(required.map((field) => [field.name, anyValue(field.type)]));
  }
  return (
    { Int: 1, Decimal: 1, Boolean: true, DateTime: '2026-01-01T00:00:00Z', JSON: {} }[nullable.toString()] ??
    'unheard-of'
  );
}
