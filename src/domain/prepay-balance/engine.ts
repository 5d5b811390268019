import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { withRetry } from '../../platform/write/retry.js';
import { applyIn, type BalanceRequest, type BalanceResult, type BalanceTools } from './apply.js';
import type { Settler } from './settler.js';

/** Commands of one transaction. */
const batchSizeMax = 256;
/** Commands that may wait; more are sent away, to come again. */
const waitingMax = 10_000;

interface Waiting {
  readonly tenantId: string;
  readonly request: BalanceRequest;
  readonly resolve: (result: BalanceResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: while one transaction is on its way, the commands that arrive wait and go together with
 * the next. A hot bucket is locked, written and committed once for all of them. Several servers may
 * share a database: the row locks keep them apart.
 */
export class BalanceEngine {
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  /** Batches run so far; at n those of 2^n commands and more, but fewer than 2^(n+1). */
  private readonly batches: number[] = [];

  constructor(
    private readonly database: Database,
    private readonly settler: Settler,
    private readonly tools: BalanceTools,
  ) {}

  submit(tenantId: string, request: BalanceRequest): Promise<BalanceResult> {
    if (this.waiting.length >= waitingMax) {
      throw new DomainError('UNAVAILABLE', 'too many balance actions are waiting; repeat the request with the same Idempotency-Key');
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ tenantId, request, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async drain(): Promise<void> {
    while (this.running) await this.running;
  }

  /** How many batches were run, by their size: `{ '1': 12, '2-3': 4, '4-7': 1 }`. */
  batchSizes(): Record<string, number> {
    const sizes = this.batches.map((count, power): [string, number] => [power === 0 ? '1' : `${2 ** power}-${2 ** (power + 1) - 1}`, count]);
    return Object.fromEntries(sizes.filter(([, count]) => count > 0));
  }

  private async run(): Promise<void> {
    // Requests that the same turn of the event loop brings join the first transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) await this.runBatch(this.takeBatch());
    this.running = undefined;
  }

  /** The oldest waiting commands of one tenant. */
  private takeBatch(): Waiting[] {
    const tenantId = this.waiting[0]?.tenantId;
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    let commands = 0;
    for (const item of this.waiting) {
      const isTaken = item.tenantId === tenantId && (batch.length === 0 || commands + item.request.commands.length <= batchSizeMax);
      (isTaken ? batch : rest).push(item);
      if (isTaken) commands += item.request.commands.length;
    }
    this.waiting = rest;
    const power = Math.floor(Math.log2(batch.length));
    this.batches[power] = (this.batches[power] ?? 0) + 1;
    return batch;
  }

  private async runBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.apply(batch);
      batch.forEach(({ resolve }, index) => resolve(results[index] as BalanceResult));
    } catch (error) {
      if (batch.length === 1 || (error instanceof DomainError && error.code === 'UNAVAILABLE')) {
        for (const { reject } of batch) reject(error);
      } else {
        // One command that the database will not take, or a race lost too often: the others are not to suffer.
        for (const item of batch) await this.runBatch([item]);
      }
    }
  }

  private apply(batch: readonly Waiting[]): Promise<BalanceResult[]> {
    const tenantId = batch[0]?.tenantId as string;
    const requests = batch.map(({ request }) => request);
    return this.settler.afterDue(tenantId, (options) =>
      withRetry(() => this.database.transaction((tx) => applyIn(tx, this.tools, tenantId, requests, options), { workClass: 'engine' })),
    );
  }
}
