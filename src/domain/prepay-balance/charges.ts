import type { Transaction } from '../../platform/database/database.js';
import type { WriteContext } from '../changes.js';
import type { Refusal } from '../../platform/write/idempotency.js';
import type { AdjustCommand } from './command/commands.js';
import type { BalanceDependencies } from './dependencies.js';
import type { DueWork } from './due/due-work.js';
import type { AdjustBalanceRow, Amount } from './model.js';
import { applyRequests, type BalanceRequest } from './unit-of-work/apply-requests.js';

type Asking = Pick<WriteContext, 'tenantId' | 'principalId'>;

/** What a usage takes from a bucket, or gives back of what it took before. */
export interface Charge {
  readonly type: 'debit' | 'refund';
  readonly bucketId: string;
  /** Above zero. */
  readonly amount: Amount;
  readonly usageId: string;
  /** The usageType of the adjustment when the bucket does not exist. */
  readonly usageType: string;
  readonly description: string;
  /** What the message of a refusal begins with, where it is one of several. */
  readonly subject?: string;
}

/** The adjustBalances that were created, in the order of the charges; or why none was, which is recorded. */
export type Charged = { actions: readonly AdjustBalanceRow[] } | { refusal: Refusal };

/** Applies charges inside a transaction, all or none; called once in it, when everything else is locked. */
export type ApplyCharges = (tx: Transaction, charges: readonly Charge[]) => Promise<Charged>;

/** How other domains move balances within their own transactions. */
export class Charges {
  constructor(
    private readonly dueWork: DueWork,
    private readonly dependencies: BalanceDependencies,
  ) {}

  /**
   * Runs a write that may charge buckets. The write opens the transaction, and is run again from its beginning when
   * something was due that must be applied first. A refused charge has left its record in the transaction: the write
   * commits that and nothing else.
   */
  within<T>(context: Asking, write: (apply: ApplyCharges) => Promise<T>): Promise<T> {
    return this.dueWork.runAfterDueWork(context.tenantId, ({ failIfDue }) =>
      write((tx, charges) => this.apply(tx, context, charges, failIfDue)),
    );
  }

  private async apply(
    tx: Transaction,
    { tenantId, principalId }: Asking,
    charges: readonly Charge[],
    failIfDue: boolean,
  ): Promise<Charged> {
    const [first, ...others] = charges.map(toCommand);
    if (first === undefined) return { actions: [] };
    const request: BalanceRequest = {
      commands: [first, ...others],
      isBulk: true,
      principalId,
      refusedAs: (message, index) => [charges[index]?.subject, message].filter(Boolean).join(': '),
    };
    const { results } = await applyRequests(tx, this.dependencies, tenantId, [request], { failIfDue });
    const [result] = results;
    if (result === undefined || typeof result === 'string') throw new Error('no charge was to be left out');
    if ('error' in result) throw result.error;
    if ('refusal' in result.outcome) return result.outcome;
    const { answer } = result.outcome;
    return { actions: 'items' in answer ? answer.items : [answer] };
  }
}

function toCommand({ type, bucketId, amount, usageId, usageType, description }: Charge): AdjustCommand {
  const isRefund = type === 'refund';
  return {
    type: isRefund ? 'credit' : 'debit',
    isRefund,
    amount,
    locator: { kind: 'bucket', bucketId },
    usageType: undefined,
    usageTypeOfRecord: usageType,
    attributes: {
      bucket: { id: bucketId },
      adjustType: isRefund ? 'usageCredit' : 'usageDebit',
      reason: isRefund ? 'Usage refunded' : 'Usage charged',
      description,
      usage: { id: usageId },
    },
  };
}
