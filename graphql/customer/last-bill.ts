import { FieldResolver, Resolver } from 'type-graphql';
import type { Edge } from '../../src/platform/read/source.js';
import type { TypeClass } from '../attribute.js';
import { weights } from '../cost/weights.js';
import { CustomerBill } from '../customer-bill/customer-bill.js';
import { byPlan, Read } from '../plan/field-read.js';
import type { ResolverClass } from '../resource.js';

/** Gives a resource the newest of its bills. */
export function lastBillBelow(parent: TypeClass, edge: Edge): ResolverClass {
  @Resolver(() => parent)
  class LastBillResolver {
    @Read({
      kind: 'first',
      target: CustomerBill,
      edge,
      order: [
        { path: ['billDate'], descending: true },
        { path: ['id'], descending: true },
      ],
    })
    @FieldResolver(() => CustomerBill, {
      nullable: true,
      complexity: weights.parent + weights.join,
      description:
        'The newest of its customerBills, by billDate and then in the order in which they were made, whatever its state; null when there is none.',
    })
    lastBill(): CustomerBill | null {
      return byPlan();
    }
  }
  return LastBillResolver;
}
