import 'reflect-metadata';
import { buildSchema } from 'type-graphql';
import type { GraphQLSchema } from 'graphql';
import { auditRecord } from './audit/audit-record.js';
import { appliedCustomerBillingRate } from './customer-bill/applied-customer-billing-rate.js';
import { billRun } from './customer-bill/bill-run.js';
import { billing } from './customer-bill/billing.js';
import { billCycleSpecification } from './customer-bill/bill-cycle-specification.js';
import { billCycle } from './customer-bill/bill-cycle.js';
import { rateGroups } from './customer-bill/rate-groups.js';
import { customerBillOnDemand } from './customer-bill/customer-bill-on-demand.js';
import { customerBill } from './customer-bill/customer-bill.js';
import { billingAccount } from './customer/billing-account.js';
import { logicalResource } from './customer/logical-resource.js';
import { party } from './customer/party.js';
import { apiKey } from './tenancy/api-key.js';
import { signedLink } from './files/signed-link.js';
import { partyErasure } from './personal-data/party-erasure.js';
import { spendLimit } from './spend-limit/spend-limit.js';
import { hub } from './hub/hub.js';
import { hubDeadLetter } from './hub/hub-dead-letter.js';
import { tenant } from './tenancy/tenant.js';
import { withStoredNames } from './stored-names.js';
import { withJoins } from './joins.js';
import { withSubscriptions } from './events/subscriptions.js';
import { withNodes } from './node/nodes.js';
import { resolversOfPages } from './page.js';
import { accumulatedBalance } from './prepay-balance/accumulated-balance.js';
import { adjustBalance } from './prepay-balance/adjust-balance.js';
import { balanceAction } from './prepay-balance/balance-action.js';
import { bucket } from './prepay-balance/bucket.js';
import { reserveBalance } from './prepay-balance/reserve-balance.js';
import { topupBalance } from './prepay-balance/topup-balance.js';
import { transferBalance } from './prepay-balance/transfer-balance.js';
import { cancelResourceOrder } from './resource-order/cancel-resource-order.js';
import { resourceOrder } from './resource-order/resource-order.js';
import type { ResourceModule } from './resource.js';
import { aggregatedUsage } from './usage/aggregated-usage.js';
import { usageAggregate } from './usage/usage-aggregate.js';
import { usageSpecification } from './usage/usage-specification.js';
import { usageExport } from './usage/usage-export.js';
import { usageImport } from './usage/usage-import.js';
import { usage } from './usage/usage.js';
import { withWrites } from './write.js';

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
  aggregatedUsage,
  usageAggregate,
  usageImport,
  usageExport,
  customerBill,
  customerBillOnDemand,
  appliedCustomerBillingRate,
  billCycle,
  billCycleSpecification,
  billRun,
  billing,
  rateGroups,
  resourceOrder,
  cancelResourceOrder,
  party,
  billingAccount,
  logicalResource,
  partyErasure,
  signedLink,
  tenant,
  apiKey,
  auditRecord,
  hub,
  hubDeadLetter,
  spendLimit,
];

/** TypeGraphQL makes the two root types itself, and offers no place for what they are. */
const rootDescriptions = {
  query:
    'Reads: one resource by its id, or a page of them that a filter selects. Each operation costs points, which extensions.cost tells; one that costs too much is refused with OPERATION_TOO_COSTLY before it runs.',
  mutation:
    'Changes, each in a transaction of its own, one after the other: one that is refused is null and has its error, and those behind it run all the same. Repeat a change whose answer was lost under the same idempotencyKey.',
};

/** The GraphQL schema of this server; it needs no database. */
export async function createSchema(): Promise<GraphQLSchema> {
  const [first, ...others] = [...resources.flatMap((resource) => resource.resolvers), ...resolversOfPages()];
  if (first === undefined) throw new Error('the schema has no resource');
  // Values are validated by the scalars and by the domain, which names them in its own words.
  // Only what the resolvers reach is emitted: abstract parents of types stay out.
  const schema = await buildSchema({
    resolvers: [first, ...others],
    validate: false,
    orphanedTypes: [],
  });
  const joined = withJoins(
    schema,
    resources.flatMap(({ joins = [] }) => joins),
  );
  for (const [type, description] of [
    [joined.getQueryType(), rootDescriptions.query],
    [joined.getMutationType(), rootDescriptions.mutation],
  ] as const) {
    if (type) type.description = description;
  }
  return withSubscriptions(withNodes(withWrites(withStoredNames(joined))));
}
