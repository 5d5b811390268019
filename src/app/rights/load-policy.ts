import { readFile, stat } from 'node:fs/promises';
import { isNonNullType, isObjectType, type GraphQLSchema } from 'graphql';
import { operationsOfSchema } from '../../../graphql/rights/operations.js';
import { ConfigError } from '../../platform/config.js';
import { lowerFirst } from '../../platform/letter-case.js';
import { defaultPolicy } from './default-policy.js';
import { PolicyError, readPolicy, type Policy, type PolicyTerms } from '../../platform/rights/policy.js';
import { streamOperations } from '../../streaming/operations.js';

const fileBytesMax = 1_000_000;

/** Operations that move an amount. */
const moving = ['topupBalance:create', 'adjustBalance:create', 'reserveBalance:create', 'transferBalance:create'];
/** Writes that look whose the rows are. */
const ownedWrites = [
  ...['topupBalance', 'adjustBalance', 'reserveBalance', 'transferBalance'].flatMap((resource) =>
    ['create', 'update', 'delete'].map((verb) => `${resource}:${verb}`),
  ),
  'reserveBalance:commit',
  'reserveBalance:release',
  'cancelResourceOrder:create',
  ...['bucket', 'customerBillOnDemand', 'resourceOrder'].flatMap((resource) =>
    ['create', 'update', 'delete'].map((verb) => `${resource}:${verb}`),
  ),
  'resourceOrder:updateItem',
  'hub:create',
  'hub:delete',
  'hub:replay',
  'hub:rotateSecret',
  'hubDeadLetter:resend',
];

/** What a policy may name in this schema. */
export function policyTermsOf(schema: GraphQLSchema): PolicyTerms {
  const operations = new Set<string>([...operationsOfSchema(schema).all, ...streamOperations]);
  const reads = [...operations].filter((operation) => /:read/.test(operation));
  const resources = new Set([...operations].map((operation) => operation.split(':')[0] as string));
  const nullable = new Map<string, ReadonlySet<string>>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !resources.has(lowerFirst(type.name))) continue;
    const fields = Object.values(type.getFields()).filter((field) => !isNonNullType(field.type));
    nullable.set(lowerFirst(type.name), new Set(fields.map(({ name }) => name)));
  }
  return { operations, nullable, bounded: new Set(moving), ownable: new Set([...reads, ...ownedWrites]) };
}

/** Reads the policy of POLICY_FILE, or the built-in one. @throws ConfigError when it cannot be used */
export async function loadPolicy(file: string | undefined, terms: PolicyTerms): Promise<Policy> {
  try {
    if (file === undefined) return readPolicy(defaultPolicy, terms);
    if ((await stat(file)).size > fileBytesMax) throw new PolicyError(`it has more than ${fileBytesMax} bytes`);
    return readPolicy(JSON.parse(await readFile(file, 'utf8')), terms);
  } catch (error) {
    throw new ConfigError(
      `cannot use POLICY_FILE ${file ?? ''}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}
