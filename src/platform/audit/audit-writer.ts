import type { Database } from '../database/database.js';
import { runForTenant } from '../database/tenant-scope.js';
import { insertAuditRecords, type AuditRow } from './audit-record.js';

/** Records that wait to be written; further ones are only logged. */
const waitingMax = 10_000;
/** Records of one statement. */
const batchMax = 1_000;
/** How long records are gathered. */
const gatherMs = 5;
/** How long to wait after a failure. */
const retryMs = 1_000;
/** How long somebody waits for a record to be written; it is written all the same. */
const patienceMs = 2_000;
/** How long the end of the server waits. */
const closeMs = 3_000;

export interface AuditLog {
  error(details: object, message: string): void;
}

interface Waiting {
  readonly row: AuditRow;
  readonly written: () => void;
}

/**
 * Writes records that belong to no transaction: of refusals and of reads. They are gathered for a few milliseconds and inserted
 * together; what the database does not take is tried again, and what cannot be kept goes to the log.
 */
export class AuditWriter {
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  private isClosed = false;

  constructor(
    private readonly database: Database,
    private readonly log: AuditLog,
  ) {}

  /** Resolves when the record is written, or after two seconds; never throws. */
  async keep(row: AuditRow): Promise<void> {
    if (this.isClosed || this.waiting.length >= waitingMax) {
      this.log.error({ record: row }, 'an audit record is kept in the log alone: too many wait');
      return;
    }
    let late: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      late = setTimeout(resolve, patienceMs);
      this.waiting.push({ row, written: resolve });
      this.running ??= this.run();
    });
    clearTimeout(late);
  }

  /** Writes what waits; what is left after three seconds is logged. */
  async close(): Promise<void> {
    this.isClosed = true;
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((resolve) => (late = setTimeout(resolve, closeMs)));
    await Promise.race([this.running, tooLate]);
    clearTimeout(late);
    for (const { row } of this.waiting.splice(0))
      this.log.error({ record: row }, 'an audit record is kept in the log alone: the database did not take it');
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      await pause(gatherMs);
      const batch = this.waiting.slice(0, batchMax);
      try {
        for (const [tenantId, rows] of byTenant(batch)) {
          const insert = insertAuditRecords(tenantId, rows);
          if (insert) await runForTenant(tenantId, () => this.database.transaction((tx) => tx.execute(insert)));
          const done = new Set(rows);
          this.waiting = this.waiting.filter(({ row }) => !done.has(row));
        }
        for (const { written } of batch) written();
      } catch (error) {
        this.log.error(
          { err: error, waiting: this.waiting.length },
          'audit records cannot be written; they are tried again',
        );
        if (this.isClosed) break;
        await pause(retryMs);
      }
    }
    this.running = undefined;
  }
}

function byTenant(batch: readonly Waiting[]): Map<string, AuditRow[]> {
  const rows = new Map<string, AuditRow[]>();
  for (const { row } of batch) rows.set(row.tenantId, [...(rows.get(row.tenantId) ?? []), row]);
  return rows;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
