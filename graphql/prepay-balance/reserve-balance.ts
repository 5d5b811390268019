import { Arg, Ctx, ID, Int, Mutation, Resolver } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { resourceResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { Quantity } from '../shared/quantity.js';
import { RelatedParty } from '../shared/references.js';
import { AdjustBalance } from './adjust-balance.js';
import { actionIndexes, BalanceActionParts, hiddenAction } from './balance-action.js';
import { ReserveBalanceRef } from './references.js';

@Resource({
  table: 'BalanceAction',
  indexes: actionIndexes,
  hidden: hiddenAction,
  discriminator: { kind: 'reserveBalance' },
  description:
    'TMF654 ReserveBalance: holds an amount back. It ends exactly once: committed (completed), or released or expired (cancelled).',
})
export class ReserveBalance extends BalanceActionParts {
  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'What the amount is for; taken from the bucket when absent.',
  })
  usageType?: string;

  @Attribute(() => [RelatedParty], {
    required: true,
    sharesColumn: true,
    create: 'optional',
    update: true,
    description:
      'Parties that have to do with the reservation, possibly none; finds the bucket when nothing nearer is given.',
  })
  override relatedParty: RelatedParty[];

  @Attribute(() => DateTime, {
    create: 'optional',
    update: true,
    description:
      'Then the reservation lapses by itself: what it holds goes back. Must be in the future. Default: the end of validFor; without either it holds until it is ended.',
  })
  expirationDate?: Date;

  @Attribute(() => DateTime, { required: true, description: 'When the server received it.' })
  requestedDate: Date;
}

@Resolver(() => ReserveBalance)
class ReservationVerbs {
  @Mutation(() => AdjustBalance, {
    nullable: true,
    description:
      'Consumes up to the reserved amount (all of it when no amount is given) and returns the rest; answers the adjustBalance that did it. Errors: RESERVATION_UNKNOWN, UNITS_MISMATCH, RESERVATION_NOT_LIVE, COMMIT_ABOVE_RESERVED.',
  })
  commitReserveBalance(
    @Arg('id', () => ID, { description: 'The reservation.' }) id: string,
    @Arg('amount', () => Quantity, {
      nullable: true,
      description: 'What is consumed, in the units of the reservation.',
    })
    amount: Quantity,
    @Arg('reason', () => String, { nullable: true, description: 'Why it is consumed.' }) reason: string,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(
      context,
      context.prepayBalance.actions.commit(writeContext(context, key), id, { amount, reason }),
    );
  }

  @Mutation(() => ReserveBalance, {
    nullable: true,
    description:
      'Returns all that the reservation holds to where it came from. Errors: NOT_FOUND, RESERVATION_NOT_LIVE, REVISION_MISMATCH.',
  })
  releaseReserveBalance(
    @Arg('id', () => ID, { description: 'The reservation.' }) id: string,
    @Arg('reason', () => String, { nullable: true, description: 'Why it is released.' }) reason: string,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    const change = { id, input: { reason: reason ?? undefined }, ifRevision };
    return relayAnswer(
      context,
      context.prepayBalance.actions.cancel(writeContext(context, key), 'reserveBalance', change),
    );
  }
}

export const reserveBalance: ResourceModule = {
  resolvers: [
    ReservationVerbs,
    ...resourceResolvers(ReserveBalance, {
      create: {
        description:
          'Holds an amount back, at once; may draw on several matching buckets in burn order. Errors: BUCKET_UNKNOWN, BUCKET_AMBIGUOUS, UNITS_MISMATCH, BUCKET_SUSPENDED, BUCKET_EXPIRED, BUCKET_NOT_YET_VALID, INSUFFICIENT_REMAINING, BALANCE_LIMIT.',
        call: ({ prepayBalance }, write, input) => prepayBalance.actions.reserve(write, input),
      },
      createMany: {
        description: 'Makes several reservations in one transaction.',
        call: ({ prepayBalance }, write, inputs) => prepayBalance.actions.reserveMany(write, inputs),
      },
      update: {
        description:
          'Changes what describes the reservation and, while it holds, its expirationDate; setting status to cancelled releases it. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT, RESERVATION_NOT_LIVE, REVISION_MISMATCH.',
        call: ({ prepayBalance }, write, change) => prepayBalance.actions.update(write, 'reserveBalance', change),
      },
      delete: {
        description:
          'Takes an ended reservation out of the lists; its ledger entries stay. Errors: NOT_FOUND, CONFLICT.',
        call: ({ prepayBalance }, write, id, ifRevision) =>
          prepayBalance.actions.delete(write, 'reserveBalance', id, ifRevision),
      },
    }),
  ],
  joins: [{ reference: ReserveBalanceRef, target: ReserveBalance }],
};
