import type { Transaction } from '../../platform/database/database.js';
import type { JsonObject } from '../../platform/json-object.js';
import type { Refusal } from '../../platform/write/idempotency.js';
import { applyIn, type BalanceDependencies } from './unit-of-work/apply.js';
import type { AdjustCommand, Amount } from './command/commands.js';
import type { DueWork } from './due/due-work.js';

/** What a usage takes from a bucket, or gives back of what it took before. */
export interface Charge {
  readonly type: 'debit' | 'refund';
  readonly bucketId: string;
  /** Above zero. */
  readonly amount: Amount;
  readonly usageId: string;
  /** What the adjustment of a bucket that does not exist says it was for. */
  readonly usageType: string;
  readonly description: string;
  /** What a refusal begins with, where it is one of several. */
  readonly subject?: string;
}

/** The adjustBalances that were made, in the order of the charges; or why none was, which is recorded. */
export type Charged = { actions: readonly JsonObject[] } | { refusal: Refusal };

/** Applies charges inside a transaction, all or none; called once in it, when everything else is locked. */
export type ApplyCharges = (tx: Transaction, charges: readonly Charge[]) => Promise<Charged>;

/** How others move balances within transactions of their own. */
export class Charges {
  constructor(
    private readonly dueWork: DueWork,
    private readonly dependencies: BalanceDependencies,
  ) {}

  /**
   * Runs a write that may charge buckets. The write opens the transaction, and is begun again, whole, when something
   * was due that must come first. A refused charge has left its record in the transaction: the write commits that and
   * nothing else.
   */
  within<T>(tenantId: string, write: (apply: ApplyCharges) => Promise<T>): Promise<T> {
    return this.dueWork.runAfterDueWork(tenantId, (options) =>
      write((tx, charges) => this.apply(tx, tenantId, charges, options)),
    );
  }

  private async apply(
    tx: Transaction,
    tenantId: string,
    charges: readonly Charge[],
    options: { unlessDue: boolean },
  ): Promise<Charged> {
    const [first, ...others] = charges.map(toCommand);
    if (first === undefined) return { actions: [] };
    const refusedAs = (message: string, index: number): string =>
      [charges[index]?.subject, message].filter(Boolean).join(': ');
    const [result] = await applyIn(
      tx,
      this.dependencies,
      tenantId,
      [{ commands: [first, ...others], isBulk: true, refusedAs }],
      options,
    );
    if (result === undefined) throw new Error('a request has a result');
    if ('error' in result) throw result.error;
    return 'refusal' in result.outcome ? result.outcome : { actions: result.outcome.answer['items'] as JsonObject[] };
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
