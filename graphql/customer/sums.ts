import { Field, FieldResolver, Int, ObjectType, Resolver } from 'type-graphql';
import { SUM_GROUPS_MAX } from '../../src/platform/plan/sums-sql.js';
import { attributeOf } from '../../src/platform/read/columns.js';
import type { ResourceMapping, StoredAttribute } from '../../src/platform/read/resource-mapping.js';
import type { Edge } from '../../src/platform/read/source.js';
import type { ScalarType } from '../../src/platform/filter/tree/attribute-type.js';
import type { TypeClass } from '../attribute.js';
import { weights } from '../cost/weights.js';
import { AppliedCustomerBillingRate } from '../customer-bill/applied-customer-billing-rate.js';
import { byPlan, Read } from '../plan/field-read.js';
import { Bucket } from '../prepay-balance/bucket.js';
import type { ResolverClass } from '../resource.js';
import { mappingOf } from '../resource-mapping.js';
import { Decimal } from '../scalars.js';
import { Quantity } from '../shared/quantity.js';
import { Usage } from '../usage/usage.js';

// Sums below a customer: values without identity, which the plan makes in the statement of what they stand in.

@ObjectType({
  description:
    'What the buckets of a customer have left together of one usageType in one unit: of those that can be spent from, active ones within their validity.',
  simpleResolvers: true,
})
export class CustomerBalance {
  @Field(() => String, { description: 'What the buckets are for, e.g. monetary, voice, data, sms.' })
  usageType: string;

  @Field(() => Quantity, {
    description: 'Exact sum of the remainingValue of the buckets; what is reserved is not in it.',
  })
  totalBalance: Quantity;

  @Field(() => Quantity, { description: 'Exact sum of their reservedValue: what live reservations hold back.' })
  reservedBalance: Quantity;

  @Field(() => Int, { description: 'How many buckets they are.' })
  buckets: number;
}

@ObjectType({
  description:
    'What no bill has yet in one currency: billing rates that wait, and results of rated usages that no bucket paid, up to now. A bill that was made now would have them.',
  simpleResolvers: true,
})
export class UnbilledAmount {
  @Field(() => String, { description: 'The currency, as the rates and results name it.' })
  unit: string;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Exact sum of the net amounts, credits negative; null where some of them have none.',
  })
  taxExcludedAmount?: number | null;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'Exact sum of the amounts with tax, credits negative; null where some of them have none: nextBill levies the tax.',
  })
  taxIncludedAmount?: number | null;

  @Field(() => Int, { description: 'How many rates and results they are.' })
  count: number;
}

function column(type: ScalarType, name: string): StoredAttribute {
  return { type: { kind: 'scalar', type }, storage: { kind: 'column', column: name } };
}

function balanceMapping(): ResourceMapping {
  const quantity = (amount: string): StoredAttribute => ({
    ...attributeOf(mappingOf(Bucket), 'remainingValue'),
    storage: { kind: 'parts', columns: { amount, units: 'units' } },
  });
  return {
    ...mappingOf(Bucket),
    attributes: {
      usageType: column('string', 'usageType'),
      totalBalance: quantity('remaining'),
      reservedBalance: quantity('reserved'),
      buckets: column('int', 'count'),
    },
  };
}

function unbilledMapping(): ResourceMapping {
  return {
    ...mappingOf(AppliedCustomerBillingRate),
    attributes: {
      unit: column('string', 'unit'),
      taxExcludedAmount: column('decimal', 'taxExcluded'),
      taxIncludedAmount: column('decimal', 'taxIncluded'),
      count: column('int', 'count'),
    },
  };
}

/** How sums refer to whom they stand below. */
export interface SumEdges {
  readonly buckets: Edge;
  readonly rates: Edge;
  readonly usages: Edge;
}

/** Gives a resource its balances and what is unbilled. */
export function sumsBelow(parent: TypeClass, { buckets, rates, usages }: SumEdges): ResolverClass {
  @Resolver(() => parent)
  class SumsResolver {
    @Read({
      kind: 'sums',
      of: [
        {
          target: Bucket,
          edge: buckets,
          parts: 'balanceParts',
          attributes: ['remainingValue', 'reservedValue'],
        },
      ],
      by: ['usageType', 'units'],
      added: ['remaining', 'reserved'],
      mapping: balanceMapping,
    })
    @FieldResolver(() => [CustomerBalance], {
      nullable: true,
      complexity: weights.parent,
      description: `What its buckets have left together: a sum for each usageType and unit, in the order of these, at most ${SUM_GROUPS_MAX}. Null only where the values are hidden from you.`,
    })
    balances(): CustomerBalance[] {
      return byPlan();
    }

    @Read({
      kind: 'sums',
      of: [
        {
          target: AppliedCustomerBillingRate,
          edge: rates,
          parts: 'unbilledParts',
          attributes: ['taxExcludedAmount', 'taxIncludedAmount'],
        },
        {
          target: Usage,
          edge: usages,
          parts: 'unbilledParts',
          attributes: ['ratedProductUsage'],
        },
      ],
      by: ['unit'],
      added: ['taxExcluded', 'taxIncluded'],
      mapping: unbilledMapping,
    })
    @FieldResolver(() => [UnbilledAmount], {
      nullable: true,
      complexity: weights.statement,
      description: `What no bill has yet of its accounts: a sum for each currency, in the order of these, at most ${SUM_GROUPS_MAX}. Null only where the amounts are hidden from you.`,
    })
    unbilled(): UnbilledAmount[] {
      return byPlan();
    }
  }
  return SumsResolver;
}
