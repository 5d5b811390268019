import { Arg, Ctx, Field, ID, Int, ObjectType, Query, registerEnumType, Resolver } from 'type-graphql';
import { USAGE_GROUPS_MAX, usageGroupings, type UsageGroup, type UsageGrouping } from '../../src/domain/usage/index.js';
import { pathsOf } from '../../src/platform/filter/tree/filter.js';
import { OFFSET_MAX } from '../../src/platform/limits.js';
import type { Context } from '../context.js';
import { weights } from '../cost/weights.js';
import { filterInputOf, type FilterInput } from '../filter.js';
import { filterOf, scopeOf, requireRange } from '../page.js';
import type { ResourceModule } from '../resource.js';
import { Decimal } from '../scalars.js';
import { UsageSpecificationRef } from './references.js';
import { Usage } from './usage.js';
import { UsageStatusType } from './enums.js';

const UsageGroupBy = Object.fromEntries(usageGroupings.map((grouping) => [grouping, grouping])) as {
  [Grouping in UsageGrouping]: Grouping;
};
registerEnumType(UsageGroupBy, {
  name: 'UsageGroupBy',
  description: 'What usages are grouped by.',
  valuesConfig: {
    usageType: { description: 'The usageType of the usage.' },
    status: { description: 'The status of the usage, e.g. rated.' },
    specification: { description: 'The id of the specification.' },
    party: {
      description:
        'Each party among relatedParty, in whatever role: a usage with several parties counts under each of them, one without under none.',
    },
    day: { description: "The day of usageDate by the operator's clock." },
    month: { description: "The month of usageDate by the operator's clock." },
  },
});

@ObjectType({ description: 'What the usages of a group were rated at in one currency.', simpleResolvers: true })
export class UsageRatedTotal {
  @Field(() => String, { description: 'The currency, as the rating results name it.' })
  unit: string;

  @Field(() => Int, { description: 'How many usages of the group have an amount in this currency.' })
  count: number;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Sum of the amounts without tax; null when no result tells one.',
  })
  taxExcludedRatingAmount: number | null;

  @Field(() => Decimal, { nullable: true, description: 'Sum of the amounts with tax; null when no result tells one.' })
  taxIncludedRatingAmount: number | null;
}

@ObjectType({
  description: 'The sums of one group of usages. Of what they are not grouped by there is null.',
  simpleResolvers: true,
})
export class UsageAggregate {
  @Field(() => String, { nullable: true, description: 'The usageType of the group; null also for usages without one.' })
  usageType?: string | null;

  @Field(() => UsageStatusType, { nullable: true, description: 'The status of the group.' })
  status?: string | null;

  @Field(() => UsageSpecificationRef, { nullable: true, description: 'The specification of the group.' })
  specification?: { id: string } | null;

  @Field(() => ID, {
    nullable: true,
    description: 'The id of the party of the group; null also for usages without any.',
  })
  party?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The day of the group by the operator's clock, e.g. 2026-01-31.",
  })
  day?: string | null;

  @Field(() => String, { nullable: true, description: "The month of the group by the operator's clock, e.g. 2026-01." })
  month?: string | null;

  @Field(() => Int, { description: 'How many usages there are.' })
  count: number;

  @Field(() => Int, { description: 'How many of them have a number as the characteristic that was asked for.' })
  characteristicCount: number;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'Sum of the characteristic that was asked for: of its values that are numbers, or texts that are one. Null when there are none.',
  })
  characteristicSum: number | null;

  @Field(() => [UsageRatedTotal], {
    description: 'What they were rated at, by currency: all rating results, billed or not.',
  })
  rated: UsageRatedTotal[];
}

const usageFilter = filterInputOf(Usage);

@Resolver(() => UsageAggregate)
class UsageAggregateResolver {
  @Query(() => [UsageAggregate], {
    name: 'usageAggregate',
    complexity: weights.report,
    deprecationReason:
      'Use usagesAggregate, which sums up any amount by any attribute; this is gone in the version after the next.',
    description: `Sums over usages, in groups: how many, what a characteristic adds up to, what they were rated at. The groups come in the order of their keys, as groupBy names them; without any there is one. Errors: INVALID_ATTRIBUTE, INVALID_QUERY (more than ${USAGE_GROUPS_MAX} groups and no limit, or more usages than can be summed up in time).`,
  })
  async usageAggregate(
    @Arg('filter', () => usageFilter, { nullable: true, description: 'Which usages.' }) filter: FilterInput | undefined,
    @Arg('groupBy', () => [UsageGroupBy], { description: 'What to group by, each at most once.' })
    groupBy: UsageGrouping[],
    @Arg('characteristic', () => String, { nullable: true, description: 'Name of the characteristic to sum up.' })
    characteristic: string | undefined,
    @Arg('limit', () => Int, {
      nullable: true,
      description: `Groups at most, up to ${USAGE_GROUPS_MAX}; absent: all of them, and more than ${USAGE_GROUPS_MAX} are refused.`,
    })
    limit: number | undefined,
    @Arg('offset', () => Int, { nullable: true, description: `Groups to skip, at most ${OFFSET_MAX}.` })
    offset: number | undefined,
    @Ctx() context: Context,
  ): Promise<object[]> {
    const usages = filterOf(Usage, filter);
    context.access.rights.requireVisible('usage', [
      ...(usages ? pathsOf(usages) : []),
      ...groupBy.map((grouping) => groupedBy[grouping]),
      ...(characteristic ? ['usageCharacteristic'] : []),
      'ratedProductUsage',
    ]);
    const groups = await context.usage.aggregates.read(scopeOf(context), {
      filter: usages,
      groupBy,
      characteristic: characteristic ?? undefined,
      limit: limit === undefined || limit === null ? undefined : requireRange('limit', limit, { USAGE_GROUPS_MAX }),
      offset: requireRange('offset', offset ?? 0, { OFFSET_MAX }),
    });
    return groups.map(toUsageAggregate);
  }
}

/** The attribute of a usage that it is grouped by. */
const groupedBy: Readonly<Record<UsageGrouping, string>> = {
  usageType: 'usageType',
  status: 'status',
  specification: 'usageSpecification',
  party: 'relatedParty',
  day: 'usageDate',
  month: 'usageDate',
};

function toUsageAggregate(group: UsageGroup): object {
  return { ...group, specification: typeof group.specification === 'string' ? { id: group.specification } : null };
}

export const usageAggregate: ResourceModule = { resolvers: [UsageAggregateResolver] };
