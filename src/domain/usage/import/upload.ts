import { createHash, type Hash } from 'node:crypto';
import { DomainError } from '../../../platform/errors.js';
import { withRetry } from '../../../platform/write/retry.js';
import { readRows } from '../../../platform/write/rows.js';
import { withEarlierDigests } from '../same-values.js';
import type { UsageInput } from '../usage-input.js';
import { readLine, sortLine, specificationIdsOf, type Line, type SortedLines } from './lines.js';
import type { ImportTask } from './import.store.js';
import type { ImportTasks } from './tasks.js';

/** Lines that are staged together. */
const batchLinesMax = 1_000;
/** And characters of these lines: what is held in memory, whatever the size of the file. */
const batchCharactersMax = 1_000_000;
/** Number of the last line of an import. */
const IMPORT_LINES_MAX = 100_000_000;
/** Lines that are checked before other requests get their turn. */
const turnLines = 200;
/** How often an upload shows that it lives: it may read for long before it has something to stage. */
const heartbeatMs = 60_000;

/**
 * The lines of one file on their way into the database: checked as a created usage is, and staged in batches, each of
 * them one committed statement. Nothing waits in a transaction for the client. Close it, however it ends.
 */
export class Upload {
  private readonly hash: Hash = createHash('sha256');
  private lines: Line[] = [];
  private characters = 0;
  private staging: Promise<void> = Promise.resolve();
  /** Whether what an earlier upload brought has come again. */
  private isBehindEarlier: boolean;
  private readonly heartbeat: NodeJS.Timeout;

  constructor(
    private readonly tasks: ImportTasks,
    private readonly task: ImportTask,
    /** Who sends it. */
    private readonly principalId: string,
  ) {
    this.isBehindEarlier = task.lastLine === 0;
    // Should the database be away, the next batch finds out.
    this.heartbeat = setInterval(() => void tasks.store.touch(task, tasks.now()).catch(() => undefined), heartbeatMs);
  }

  /**
   * Takes the next line. `text` is what it looks like, `read` makes a usage of it or throws why it cannot. Resolves when
   * there is room for another one. Throws CONFLICT when the file is not the one an earlier upload began with.
   */
  async add(line: number, text: string, read: () => UsageInput): Promise<void> {
    this.hash.update(text).update('\n');
    if (!this.isBehindEarlier) {
      this.skip(line);
      return;
    }
    if (line > IMPORT_LINES_MAX)
      throw new DomainError(
        'BODY_TOO_LARGE',
        `line ${line}: the file has too many lines: the limit IMPORT_LINES_MAX is ${IMPORT_LINES_MAX}`,
      );
    this.lines.push(readLine(line, read));
    this.characters += text.length;
    if (this.lines.length >= batchLinesMax || this.characters >= batchCharactersMax) await this.flush();
  }

  /** The file has come to its end: what is staged and was not moved yet moves in the background. */
  async end(): Promise<void> {
    if (!this.isBehindEarlier) throw this.differs(`it ends before line ${this.task.lastLine}`);
    await this.flush();
    await this.staging;
    const { tasks, task } = this;
    const { tenantId, id } = task;
    await withRetry(() =>
      tasks.database.transaction(async (tx) => {
        const { isReceived, uploads } = await tasks.require(tx, tenantId, id);
        // A commit whose confirmation was lost.
        if (isReceived && uploads === task.uploads) return;
        if (!(await tasks.store.close(tx, task, tasks.now()))) throw tasks.store.superseded(task);
        // Without a key: one that waits under it may have looked before this is committed.
        await tasks.moves.send({ tenantId, importId: id }, { tx });
      }),
    );
    tasks.moves.wake();
  }

  /** The file came to no end. */
  async interrupt(message: string): Promise<void> {
    // What is being written may arrive; its failure is not the one to report.
    await this.staging.catch(() => undefined);
    await this.tasks.interrupt(this.task, message);
  }

  /** Ends the signs of life; called whatever became of the upload. */
  close(): void {
    clearInterval(this.heartbeat);
  }

  /** What was an earlier upload's is there already. */
  private skip(line: number): void {
    const { lastLine, digest } = this.task;
    if (line < lastLine) return;
    if (line > lastLine || this.hash.copy().digest('base64url') !== digest)
      throw this.differs('other lines come before it');
    this.isBehindEarlier = true;
  }

  private differs(why: string): DomainError {
    return new DomainError(
      'CONFLICT',
      `this is not the file whose upload broke off behind line ${this.task.lastLine}: ${why}`,
      { path: 'id' },
    );
  }

  /** While one batch is being written, the next one is read. */
  private async flush(): Promise<void> {
    const { lines } = this;
    if (lines.length === 0) return;
    const digest = this.hash.copy().digest('base64url');
    this.lines = [];
    this.characters = 0;
    await this.staging;
    this.staging = this.stage(lines, digest);
    // The next one to await it sees the failure.
    this.staging.catch(() => undefined);
  }

  private async stage(lines: readonly Line[], digest: string): Promise<void> {
    const { tasks, task } = this;
    const { mappings } = tasks.dependencies;
    const specifications = await withRetry(() =>
      readRows(tasks.database, mappings.usageSpecification, task.tenantId, specificationIdsOf(lines)),
    );
    const now = tasks.now();
    const sorted: SortedLines = { keys: [], rows: [], refused: [] };
    for (const [index, read] of lines.entries()) {
      if (index > 0 && index % turnLines === 0) await new Promise((resolve) => setImmediate(resolve));
      sortLine(read, sorted, specifications, tasks.dependencies, now);
    }
    const rows = new Map(sorted.rows.map(({ row }) => [row.id, row]));
    const keys = await withRetry(() =>
      withEarlierDigests(tasks.database, mappings, task.tenantId, sorted.keys, rows, { isFile: true }),
    );
    await tasks.store.stage(task, {
      ...sorted,
      keys,
      lastLine: lines.at(-1)?.line ?? 0,
      digest,
      principalId: this.principalId,
      now,
    });
    // Those of all or nothing wait for the end of the file.
    if (task.mode === 'skipBad') await tasks.askToMove(task);
  }
}
