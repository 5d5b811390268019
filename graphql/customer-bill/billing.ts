import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { BillCycle } from './bill-cycle.js';

@InputType({ description: 'Which usages become billing rates.' })
export class RatesFromUsageInput {
  @Field(() => ID, {
    nullable: true,
    description:
      'Alone: usages of this account. With relatedPartyId: the account of those usages of the party that name none.',
  })
  billingAccountId?: string;

  @Field(() => ID, { nullable: true, description: 'Only usages of this party.' })
  relatedPartyId?: string;

  @Field(() => DateTime, { nullable: true, description: 'Only usages whose usageDate lies before this instant.' })
  before?: Date;
}

@ObjectType({ description: 'What became of usages.', simpleResolvers: true })
export class RatesFromUsage {
  @Field(() => Int, { description: 'Usages that became rates.' })
  usages: number;

  @Field(() => Int, { description: 'Rates they became: one for each result of their rating that has an amount.' })
  rates: number;

  @Field(() => Boolean, { description: 'Whether there may be more, because one call does no more: call it again.' })
  hasMore: boolean;
}

@Resolver()
class Billing {
  @Mutation(() => RatesFromUsage, {
    nullable: true,
    description:
      'Makes billing rates of usages that were rated, are paid by no bucket and have no rate yet: each of them once. The account of a usage is its relatedParty with the @referredType BillingAccount. A bill run does the same by itself. Errors: INVALID_ATTRIBUTE.',
  })
  createRatesFromUsage(
    @Arg('input', () => RatesFromUsageInput, { description: 'Which usages become rates.' })
    { billingAccountId, relatedPartyId, before }: RatesFromUsageInput,
    @Ctx() context: Context,
  ): Promise<object> {
    const reference = (id: string | undefined): { id: string } | undefined =>
      id === undefined || id === null ? undefined : { id };
    const input = { billingAccount: reference(billingAccountId), relatedParty: reference(relatedPartyId), before };
    return context.customerBill.createRatesFromUsage(writeContext(context, undefined), input);
  }

  @Mutation(() => BillCycle, {
    nullable: true,
    description:
      'Makes the bill cycle that follows the last one of a specification, by the calendar of the operator; the first one begins with the validity of the specification, else with the present month. Errors: NOT_FOUND, CONFLICT.',
  })
  createNextBillCycle(
    @Arg('billCycleSpecificationId', () => ID, { description: 'The specification that the cycle follows.' })
    id: string,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(context, context.customerBill.cycles.createNext(writeContext(context, key), id));
  }
}

export const billing: ResourceModule = { resolvers: [Billing] };
