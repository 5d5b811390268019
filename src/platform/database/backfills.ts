import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Clock } from '../clock.js';
import { withRetry } from '../write/retry.js';
import type { Database, Transaction } from './database.js';

/** Timeout of a batch, waiting for another server's batch included. Keep batches far below it: they hold locks. */
const BATCH_TIMEOUT_MS = 60_000;
/** Pause of a background backfill after a failure. */
const RETRY_PAUSE_MS = 5_000;

/** The result of one batch. */
export interface BackfillBatch {
  /** Where the next batch begins, e.g. the last id that was looked at; undefined: nothing is left. */
  readonly next: string | undefined;
  /** Rows that it changed, for the log. */
  readonly changed: number;
}

/**
 * Brings rows that an earlier version wrote up to what this one expects, where SQL of a migration cannot (rules in
 * code) or must not (too many rows for one transaction).
 *
 * A domain lists its own as `backfills` of its DomainModule (src/app/app-context.ts). Each is done once per database: batch
 * after batch, each in a transaction that also records how far it came, so that after a kill, by whatever server, it
 * goes on behind the last batch that was committed. Several servers take turns at the batches of one backfill.
 *
 *     {
 *       name: 'usage-parties',
 *       isBlocking: false,
 *       batch: async (tx, after) => {
 *         const ids = await nextIds(tx, after ?? '', 500);
 *         return { next: ids.at(-1), changed: await fill(tx, ids) };
 *       },
 *     }
 *
 * Rows of all tenants are looked at, in the order of a key; a batch without rows is the last. What a batch throws rolls
 * it back, and it is tried again. Never change what a name stands for: another backfill gets another name.
 */
export interface Backfill {
  /** As it is remembered in the database, e.g. `usage-parties`. */
  readonly name: string;
  /** True: the server listens only when it is done. Else it goes on in the background, while requests are answered. */
  readonly isBlocking: boolean;
  /** Begins behind `after`, or at the beginning. Bounded: some hundred rows. */
  batch(tx: Transaction, after: string | undefined): Promise<BackfillBatch>;
}

interface Progress {
  readonly next?: string;
  readonly isDone: boolean;
  readonly changed: number;
  readonly batches: number;
}

const nothingYet: Progress = { isDone: false, changed: 0, batches: 0 };

/** Runs the backfills of a server, in their order. */
export class Backfills {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly backfills: readonly Backfill[],
  ) {
    const names = backfills.map(({ name }) => name);
    if (new Set(names).size < names.length) throw new Error(`two backfills have one name: ${names.join(', ')}`);
  }

  /** Runs those that must be done before the server listens. @throws what a batch throws */
  async runBlocking(): Promise<void> {
    for (const backfill of this.backfills.filter(({ isBlocking }) => isBlocking)) await this.run(backfill);
  }

  /** Starts the others in the background. */
  start(): void {
    this.running ??= this.runOthers();
  }

  /** Waits for the current batch; a later start continues after it. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async runOthers(): Promise<void> {
    const { signal } = this.stopping;
    for (const backfill of this.backfills.filter(({ isBlocking }) => !isBlocking)) {
      while (!signal.aborted) {
        try {
          await this.run(backfill);
          break;
        } catch (error) {
          this.logger.error({ err: error, backfill: backfill.name }, 'backfill failed, and is tried again');
          await sleep(RETRY_PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
        }
      }
    }
  }

  private async run(backfill: Backfill): Promise<void> {
    const { name, isBlocking } = backfill;
    const begun = await this.progressOf(name);
    if (begun?.isDone) return;
    this.logger.info(
      { backfill: name, isBlocking, batches: begun?.batches ?? 0 },
      begun ? 'backfill goes on' : 'backfill begins',
    );
    for (let progress = nothingYet; !progress.isDone;) {
      if (this.stopping.signal.aborted) return;
      progress = await withRetry(() =>
        this.database.transaction((tx) => this.runBatch(tx, backfill), { timeoutMs: BATCH_TIMEOUT_MS }),
      );
      if (progress.isDone)
        this.logger.info({ backfill: name, batches: progress.batches, changed: progress.changed }, 'backfill done');
    }
  }

  /** One batch and its record; nothing when another server has done the last one meanwhile. */
  private async runBatch(tx: Transaction, { name, batch }: Backfill): Promise<Progress> {
    const key = keyOf(name);
    const at = this.clock.now().toISOString();
    await tx.execute(Prisma.sql`
      INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${key}, ${JSON.stringify(nothingYet)}::jsonb, ${at}::timestamptz) ON CONFLICT DO NOTHING`);
    // Locked until the batch is committed: the next server goes on behind it.
    const [row] = await tx.query<{ value: Progress }>(
      Prisma.sql`SELECT "value" FROM "ServerState" WHERE "key" = ${key} FOR UPDATE`,
    );
    const before = row?.value ?? nothingYet;
    if (before.isDone) return before;
    const { next, changed } = await batch(tx, before.next);
    if (next !== undefined && next === before.next) throw new Error(`backfill '${name}' does not get beyond '${next}'`);
    const after: Progress = {
      next,
      isDone: next === undefined,
      changed: before.changed + changed,
      batches: before.batches + 1,
    };
    await tx.execute(
      Prisma.sql`UPDATE "ServerState" SET "value" = ${JSON.stringify(after)}::jsonb, "updatedAt" = ${at}::timestamptz WHERE "key" = ${key}`,
    );
    return after;
  }

  private async progressOf(name: string): Promise<Progress | undefined> {
    const [row] = await this.database.query<{ value: Progress }>(
      Prisma.sql`SELECT "value" FROM "ServerState" WHERE "key" = ${keyOf(name)}`,
    );
    return row?.value;
  }
}

/** Lets a backfill be done again, from the beginning, by the server that starts next. */
export async function forgetBackfill(tx: Transaction, name: string): Promise<void> {
  await tx.execute(Prisma.sql`DELETE FROM "ServerState" WHERE "key" = ${keyOf(name)}`);
}

function keyOf(name: string): string {
  return `backfill ${name}`;
}
