import { Arg, Ctx, Field, FieldResolver, ID, Int, ObjectType, registerEnumType, Resolver, Root } from 'type-graphql';
import { rateGroupings, type RateGrouping } from '../../src/domain/customer-bill/index.js';
import type { Context } from '../context.js';
import { weights } from '../cost/weights.js';
import { Read } from '../plan/field-read.js';
import type { ResourceModule } from '../resource.js';
import { Money } from '../shared/money.js';
import { CustomerBill } from './customer-bill.js';

@ObjectType({ description: 'Lines of a bill that are alike in what they are gathered by.', simpleResolvers: true })
export class RateGroup {
  @Field(() => String, { nullable: true, description: 'The type of the lines; null unless gathered by TYPE.' })
  appliedBillingRateType?: string;

  @Field(() => String, { nullable: true, description: 'Their name; null unless gathered by NAME.' })
  name?: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The product they are for; null unless gathered by PRODUCT, and for lines without one.',
  })
  productId?: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Their tax rates in percent, several with + between them; null unless gathered by TAX_RATE, and for lines without one.',
  })
  taxRate?: string;

  @Field(() => Int, { description: 'How many they are.' })
  count: number;

  @Field(() => Money, {
    nullable: true,
    description:
      'Exact sum of their net amounts, credits negative; null where some of them have none, but a gross amount alone.',
  })
  taxExcludedAmount?: Money;

  @Field(() => Money, {
    nullable: true,
    description:
      'Exact sum of their gross amounts, credits negative; null where some of them have none. The tax of the bill is levied and rounded on all of them together.',
  })
  taxIncludedAmount?: Money;
}

const groupingNames = Object.fromEntries(rateGroupings.map((name) => [name, name]));
registerEnumType(groupingNames, {
  name: 'RateGrouping',
  description: 'What the lines of a bill are grouped by.',
  valuesConfig: {
    TYPE: { description: 'The appliedBillingRateType of the line.' },
    NAME: { description: 'The name of the line.' },
    PRODUCT: { description: 'The id of the product that the line charges for.' },
    TAX_RATE: { description: 'The tax rates of the line.' },
  },
});

@Resolver(() => CustomerBill)
class CustomerBillGroups {
  @Read({
    kind: 'resolver',
    needs: ['id'],
    reason: 'The domain gathers and sums up the lines, at most so many groups.',
  })
  @FieldResolver(() => [RateGroup], {
    complexity: weights.statement,
    description:
      'The lines of the bill, gathered and summed up: one group for each combination and currency, at most 1,000.',
  })
  groupedRates(
    @Root() { id }: CustomerBill,
    @Arg('by', () => [groupingNames], { description: 'What to group by; lines that agree in all of it are one group.' })
    by: RateGrouping[],
    @Ctx() { customerBill: domain, principal }: Context,
  ): Promise<object[]> {
    return domain.groupedRates.ofBill(principal.tenantId, id, by);
  }
}

export const rateGroups: ResourceModule = { resolvers: [CustomerBillGroups] };
