import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import {
  NEXT_BILL_ACCOUNTS_MAX,
  NEXT_BILL_CHARGES_MAX,
  type NextBillOf,
} from '../../src/domain/customer-bill/index.js';
import { DomainError } from '../../src/platform/errors.js';
import type { JsonObject } from '../../src/platform/json-object.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import type { TypeClass } from '../attribute.js';
import type { Context } from '../context.js';
import { weights } from '../cost/weights.js';
import { CustomerBillPreview } from '../customer-bill/customer-bill-preview.js';
import { CustomerBill } from '../customer-bill/customer-bill.js';
import { Read } from '../plan/field-read.js';
import type { ResolverClass } from '../resource.js';
import { mappingOf } from '../resource-mapping.js';

/** Gives a resource previews of its next bills. */
export function nextBillBelow(parent: TypeClass): ResolverClass {
  const whose = lowerFirst(parent.name) as NextBillOf;

  @Resolver(() => parent)
  class NextBillResolver {
    @Read({
      kind: 'resolver',
      needs: ['id'],
      rowsOf: CustomerBill,
      reason: 'The domain levies taxes and rounds as on a bill, from rates and usages.',
    })
    @FieldResolver(() => [CustomerBillPreview], {
      nullable: true,
      complexity: weights.list,
      description: `What the bills of its accounts would be that were made now of all that is unbilled: one for each account and currency. Nothing is written. More than ${NEXT_BILL_ACCOUNTS_MAX} accounts are refused (INVALID_QUERY), an account with more than ${NEXT_BILL_CHARGES_MAX} charges as well, and one whose figures no bill can have (CONFLICT).`,
    })
    async nextBill(@Root() { id }: { id: string }, @Ctx() context: Context): Promise<object[]> {
      const { customerBill, principal, access } = context;
      const sees = (bill: JsonObject): boolean => access.visibility?.sees(mappingOf(CustomerBill), bill) ?? true;
      const accounts = await customerBill.nextBills.of(principal.tenantId, whose, id);
      // Why an account has none is for whoever would see its bills.
      return accounts.flatMap(({ account, outcome }) => {
        if (!(outcome instanceof DomainError)) return outcome.filter(sees);
        if (sees({ billingAccount: { id: account } })) throw outcome;
        return [];
      });
    }
  }
  return NextBillResolver;
}
