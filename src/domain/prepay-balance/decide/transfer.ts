import { zero } from '../../../platform/decimal.js';
import { fromBase, toBase } from '../../units.js';
import type { TransferCommand } from '../command/commands.js';
import { bucketToCredit, creditMovement, isBucket, isMovement } from './credit.js';
import { draw, bucketsToDraw, areShares, withShareRemoved, type Share } from './draw.js';
import { checkBalanceLimit, checkUnits, checkUsable, inexact, insufficient, type Refusal } from './refusals.js';
import type { DecisionContext, Decision } from './decision.js';
import type { BucketState, Movement } from './state.js';
import type { Amount } from '../model.js';

/**
 * Moves an amount from the originator's buckets, in burn order, to one bucket of the receiver, and takes the cost from
 * whoever pays it. A bucket never transfers to itself.
 */
export function transfer(command: TransferCommand, decisionContext: DecisionContext): Decision {
  const { candidates, receivers, isReceiverForeign, now } = decisionContext;
  const { amount, locator, cost } = command;
  if (isReceiverForeign) {
    // Whether the receiver could take it is only told to whom it would cost something.
    const sources = bucketsToDraw(locator, candidates, amount, now);
    const shares = Array.isArray(sources) ? draw(sources, amount) : sources;
    if (!areShares(shares)) return shares;
  }
  const named = locator.kind === 'bucket' ? locator.bucketId : undefined;
  const others = receivers.filter(({ id }) => id !== named);
  const receiver = bucketToCredit(command.receiver, others, amount, (bucket) => !checkUsable(bucket, now));
  if (!isBucket(receiver)) return asReceiverRefusal(receiver);
  const unusable = checkUsable(receiver, now);
  if (unusable) return asReceiverRefusal(unusable);

  const sources = bucketsToDraw(
    locator,
    candidates.filter(({ id }) => id !== receiver.id),
    amount,
    now,
  );
  if (!Array.isArray(sources)) return sources;
  const shares = draw(sources, amount);
  if (!areShares(shares)) return shares;
  const credited = creditMovement(receiver, 'transferIn', amount);
  if (!isMovement(credited)) return asReceiverRefusal(credited);

  const movements = [...shares.map(outMovement), credited];
  if (cost === undefined) return { amount, movements };
  const costs =
    command.costOwner === 'receiver'
      ? costOfReceiver(receiver, credited, cost)
      : costOfOriginator(sources, shares, cost);
  return Array.isArray(costs) ? { amount, movements: [...movements, ...costs] } : costs;
}

const outMovement = ({ bucket, units, amount }: Share): Movement => ({
  bucketId: bucket.id,
  entryType: 'transferOut',
  units,
  remainingDelta: amount.negated(),
  reservedDelta: zero,
});

const costMovement = (share: Share): Movement => ({ ...outMovement(share), entryType: 'transferCost' });

/** The originator pays from what the transfer leaves in the same buckets. */
function costOfOriginator(
  sources: readonly BucketState[],
  shares: readonly Share[],
  cost: Amount,
): Movement[] | Refusal {
  for (const source of sources) {
    const refusal = checkUnits(source, cost);
    if (refusal) return refusal;
  }
  const left = sources.map((source) => {
    const share = shares.find(({ bucket }) => bucket.id === source.id);
    return share ? withShareRemoved(share) : source;
  });
  const paid = draw(left, cost);
  return areShares(paid) ? paid.map(costMovement) : paid;
}

/** The receiver pays from its balance, including what it just received. */
function costOfReceiver(
  receiver: BucketState,
  { units, remainingDelta }: Movement,
  cost: Amount,
): Movement[] | Refusal {
  const refusal = checkUnits({ ...receiver, units }, cost);
  if (refusal) return asReceiverRefusal(refusal);
  const paid = fromBase(toBase(cost.amount, cost.units), units);
  if (paid === undefined) return asReceiverRefusal(inexact({ ...receiver, units }, cost));
  const remaining = receiver.remaining.plus(remainingDelta);
  if (remaining.lt(paid))
    return asReceiverRefusal(insufficient(remaining.toFixed(), { amount: paid, units }, `bucket '${receiver.id}'`));
  const beyond = checkBalanceLimit({ ...receiver, remaining }, paid, zero);
  if (beyond) return asReceiverRefusal(beyond);
  return [
    { bucketId: receiver.id, entryType: 'transferCost', units, remainingDelta: paid.negated(), reservedDelta: zero },
  ];
}

/** What the message of a refusal begins with that is about the receiver of a transfer. */
export const aboutReceiver = 'receiver: ';

/** A refusal that is about the receiver of a transfer. */
export function asReceiverRefusal({ code, message }: Refusal): Refusal {
  return { code, message: aboutReceiver + message, isOfReceiver: true };
}
