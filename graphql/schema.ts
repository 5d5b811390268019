import 'reflect-metadata';
import { buildSchema, type NonEmptyArray } from 'type-graphql';
import type { GraphQLSchema } from 'graphql';
import { withJoins } from './joins.js';
import { resolversOfPages } from './page.js';
import { accumulatedBalance } from './prepay-balance/accumulated-balance.js';
import { adjustBalance } from './prepay-balance/adjust-balance.js';
import { balanceAction } from './prepay-balance/balance-action.js';
import { bucket } from './prepay-balance/bucket.js';
import { reserveBalance } from './prepay-balance/reserve-balance.js';
import { topupBalance } from './prepay-balance/topup-balance.js';
import { transferBalance } from './prepay-balance/transfer-balance.js';
import type { ResolverClass, ResourceModule } from './resource.js';
import { usageSpecification } from './usage/usage-specification.js';
import { usage } from './usage/usage.js';

/** Every resource of the schema. */
const resources: readonly ResourceModule[] = [
  bucket,
  topupBalance,
  adjustBalance,
  reserveBalance,
  transferBalance,
  accumulatedBalance,
  balanceAction,
  usage,
  usageSpecification,
];

export async function createSchema(): Promise<GraphQLSchema> {
  const resolvers = [...resources.flatMap((resource) => resource.resolvers), ...resolversOfPages()];
  // Values are validated by the scalars and by the domain, which names them in its own words.
  // Only what the resolvers reach is emitted: abstract parents of types stay out.
  const schema = await buildSchema({
    resolvers: resolvers as unknown as NonEmptyArray<ResolverClass>,
    validate: false,
    orphanedTypes: [],
  });
  return withJoins(schema, resources.flatMap(({ joins = [] }) => joins));
}
