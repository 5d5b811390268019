import { zero } from '../../../platform/decimal.js';
import { checkBalanceLimit, insufficient, type Refusal } from './refusals.js';
import type { AcceptedDecision } from './decision.js';
import type { ActionState, BucketState, Movement } from './state.js';

/**
 * Reverses what a completed action did by compensating entries, including the cost of a transfer. Only the balances must
 * allow it: status and validity of the buckets do not matter.
 */
export function reverse(action: ActionState, candidates: readonly BucketState[]): AcceptedDecision | Refusal {
  const { id, kind } = action;
  const effects = action.effects.filter(({ net }) => !net.isZero());
  if (effects.length === 0) {
    return {
      code: 'CONFLICT',
      message: `${kind} '${id}' moved nothing itself and cannot be reversed: cancel the actions it led to`,
    };
  }
  const movements: Movement[] = [];
  for (const { bucketId, net } of effects) {
    const bucket = candidates.find((candidate) => candidate.id === bucketId);
    if (bucket === undefined) {
      return {
        code: 'CONFLICT',
        message: `${kind} '${id}' cannot be reversed: bucket '${bucketId}' does not exist any more`,
      };
    }
    const units = bucket.units ?? '';
    if (bucket.remaining.lt(net))
      return insufficient(bucket.remaining.toFixed(), { amount: net, units }, `bucket '${bucketId}'`);
    const refusal = net.isNegative() ? checkBalanceLimit(bucket, net, net.negated()) : undefined;
    if (refusal) return refusal;
    movements.push({ bucketId, entryType: 'reversal', units, remainingDelta: net.negated(), reservedDelta: zero });
  }
  return { amount: { amount: zero, units: action.units }, movements, endedAction: { action, status: 'cancelled' } };
}
