import { Decimal } from '../../../platform/decimal.js';
import { invalid } from '../../input.js';
import type { Quantity } from '../../row.js';
import type { ActionKind, Amount, BalanceActionRow } from '../model.js';
import type { PayableCommand, ScheduledTopupCommand } from './commands.js';
import {
  fromAdjustInput,
  fromScheduledInput,
  fromTopupInput,
  fromTransferInput,
  type AdjustInput,
  type TopupInput,
  type TransferInput,
} from './inputs.js';

// Commands that are applied later, read back from the action that was stored for them.

/** What a scheduled top-up applies. Throws DomainError when it could not have been requested like that. */
export function scheduledOf(row: BalanceActionRow): ScheduledTopupCommand {
  const { requestedDate, autoTopupThreshold } = row;
  return fromScheduledInput({
    ...inputOf(row),
    // Every action has this date; only without a threshold does it say when the top-up is due.
    requestedDate: autoTopupThreshold ? undefined : new Date(requestedDate),
  });
}

/** What an action applies when it is paid. Throws DomainError when it could not have been requested like that. */
export function payableOf(kind: ActionKind, row: BalanceActionRow): PayableCommand {
  const input = inputOf(row);
  if (kind === 'adjustBalance') return fromAdjustInput(input);
  if (kind === 'transferBalance') return fromTransferInput(input);
  if (kind === 'reserveBalance') throw new Error('a reservation holds, and awaits no payment');
  const command = fromTopupInput(input);
  if (command.type !== 'scheduled') return command;
  throw invalid(
    command.recurringPeriod ? 'recurringPeriod' : 'autoTopupThreshold',
    'does not go with a top-up that awaits its payment',
  );
}

/** The input that an action was made from, but for its dates: without what the server added. */
function inputOf({
  id,
  revision,
  status,
  updatedAt,
  requestedDate,
  expirationDate,
  confirmationDate,
  nextDueDate,
  paymentDueDate,
  periodsDone,
  impactedBucket,
  failureCode,
  failureMessage,
  principalId,
  amount,
  validFor,
  autoTopupThreshold,
  transferCost,
  ...given
}: BalanceActionRow): TopupInput & AdjustInput & TransferInput {
  return {
    ...given,
    amount: toAmount(amount),
    autoTopupThreshold: autoTopupThreshold && toAmount(autoTopupThreshold),
    transferCost: transferCost && toAmount(transferCost),
    validFor: validFor && { startDateTime: toDate(validFor.startDateTime), endDateTime: toDate(validFor.endDateTime) },
  };
}

function toAmount({ amount, units }: Quantity): Amount {
  return { amount: new Decimal(amount), units };
}

function toDate(text: string | null | undefined): Date | undefined {
  return text ? new Date(text) : undefined;
}
