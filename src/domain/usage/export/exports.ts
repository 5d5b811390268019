import type { Database, Transaction } from '../../../platform/database/database.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import { systemPrincipalId } from '../../../platform/principal.js';
import type { SnapshotReads } from '../../../platform/read/snapshot.js';
import { deleteOutdated } from '../../../platform/write/forget.js';
import { withRetry } from '../../../platform/write/retry.js';
import { lockRow, readRows } from '../../../platform/write/rows.js';
import { requireRevision, type RowChanges } from '../../changes.js';
import { requireOneOf, toGiven } from '../../input.js';
import { ResourceChanges } from '../../resource-changes.js';
import { ResourceWriter } from '../../resource-writer.js';
import { requireTransition } from '../../transitions.js';
import type { ExportRow, UsageDependencies } from '../model.js';
import { exportTransitions, firstTaskStatus } from '../transitions.js';
import {
  countRun,
  findOldExports,
  findSilentRuns,
  lastUsageId,
  lockIfCurrent,
  setLines,
  type Run,
} from './exports.store.js';

/** A download takes no longer; one that still runs then has lost its server. */
export const exportMaxMs = 600_000;
/** Between two looks for such downloads. */
const silentMaxMs = exportMaxMs + 60_000;
/** Downloads that one round ends. */
const silentMax = 100;

/** The attributes that the rules read; all others are stored as they arrive. */
export interface ExportInput {
  query?: string | null;
  contentType?: string | null;
}

/** A download: what it sends, and which run of the task it is. */
export interface ExportRun extends Run {
  readonly query: string;
  readonly contentType: string;
}

/** Files of usages that are handed out: each is a task that says which, and its bytes are made when they are fetched. */
export class UsageExports extends ResourceWriter<
  'usageExport',
  ExportRow,
  ExportInput,
  ReturnType<typeof fromExportInput>
> {
  constructor(
    database: Database,
    private readonly usageDependencies: UsageDependencies,
  ) {
    super(database, usageDependencies, {
      resource: 'usageExport',
      mapping: usageDependencies.mappings.usageExport,
      begins: { attribute: 'status', allowed: [firstTaskStatus] },
      fromInput: (input) => fromExportInput(input, usageDependencies),
      complete: (given, { now }) => ({
        ...given,
        status: firstTaskStatus,
        creationDate: now.toISOString(),
        lines: 0,
      }),
      release: ({ id, status }) => {
        if (status === 'running')
          throw new DomainError('CONFLICT', `usageExport '${id}' is running and cannot be deleted`, {
            path: 'status',
          });
      },
    });
  }

  /** What a download of it would be. Throws NOT_FOUND. */
  async require(tenantId: string, id: string): Promise<Pick<ExportRun, 'id' | 'contentType'>> {
    const task = (await readRows(this.database, this.usageDependencies.mappings.usageExport, tenantId, [id])).get(id);
    if (task === undefined) throw new DomainError('NOT_FOUND', `usageExport '${abbreviated(id)}' does not exist`);
    return { id, contentType: task.contentType };
  }

  /** Begins a download. Throws NOT_FOUND, and CONFLICT while another one runs. */
  begin(tenantId: string, id: string): Promise<ExportRun> {
    const mapping = this.usageDependencies.mappings.usageExport;
    return withRetry(() =>
      this.database.transaction(async (tx) => {
        const before = requireRevision(await lockRow(tx, mapping, tenantId, id), 'usageExport', id, undefined);
        if (before.status === 'running')
          throw new DomainError(
            'CONFLICT',
            `usageExport '${abbreviated(id)}' is running: its bytes are sent to one at a time`,
            { path: 'id' },
          );
        const { query, contentType } = before;
        const cleared = { lines: 0, completionDate: null, errorLog: null };
        await this.setStatus(tx, tenantId, before, { status: 'running', ...cleared });
        return { tenantId, id, query, contentType, run: await countRun(tx, tenantId, id) };
      }),
    );
  }

  /** Reports how many lines have been sent; nothing happens when another run has begun since. */
  progress(run: ExportRun, lines: number): Promise<void> {
    return setLines(this.database, run, lines, this.usageDependencies.clock.now());
  }

  /** The download came to its end, or, with a reason, to none. */
  async end(run: Run, lines: number | undefined, errorLog?: string): Promise<void> {
    const { tenantId, id } = run;
    const { mappings, clock } = this.usageDependencies;
    await withRetry(() =>
      this.database.transaction(async (tx) => {
        const before = (await lockIfCurrent(tx, run))
          ? await lockRow(tx, mappings.usageExport, tenantId, id)
          : undefined;
        if (before === undefined) return;
        await this.setStatus(tx, tenantId, before, {
          status: errorLog === undefined ? 'succeeded' : 'failed',
          lines: lines ?? before.lines,
          completionDate: clock.now().toISOString(),
          errorLog: errorLog ?? null,
        });
      }),
    );
  }

  /** Ends downloads whose server died. */
  async endSilent(signal: AbortSignal): Promise<void> {
    const since = new Date(this.usageDependencies.clock.now().getTime() - silentMaxMs);
    for (const run of await findSilentRuns(this.database, since, silentMax)) {
      if (signal.aborted) return;
      await this.end(run, undefined, 'the server stopped in the middle');
    }
  }

  /** Deletes tasks that ended before that. */
  forget(before: Date, signal: AbortSignal): Promise<number> {
    return deleteOutdated(
      (after, limit) => findOldExports(this.database, before, after, limit),
      ({ tenantId, id }) => this.delete({ tenantId, principalId: systemPrincipalId }, id),
      signal,
    );
  }

  /** The usage that came last: those behind it are not of the export. Undefined when there is none. */
  lastUsage(reads: SnapshotReads, tenantId: string): Promise<string | undefined> {
    return lastUsageId(reads, tenantId);
  }

  /** The only place where an export that exists gets a status. */
  private async setStatus(
    tx: Transaction,
    tenantId: string,
    before: ExportRow,
    set: RowChanges<ExportRow> & { status: string },
  ): Promise<void> {
    const { clock, nextId, mappings } = this.usageDependencies;
    requireTransition(exportTransitions, `usageExport '${before.id}'`, before.status, set.status);
    const changes = new ResourceChanges({ tx, tenantId, now: clock.now() }, nextId);
    changes.update(mappings.usageExport, before, set, { as: 'StateChange' });
    await changes.flush();
  }
}

/** A new task as it is kept. */
function fromExportInput(
  input: ExportInput,
  { checkQuery, contentTypes }: UsageDependencies,
): Partial<ExportRow> & Pick<ExportRow, 'query' | 'contentType'> {
  const { query = '', contentType = contentTypes[0], ...described } = toGiven<ExportRow>(input);
  checkQuery(query);
  requireOneOf('contentType', contentTypes, contentType);
  return { ...described, query, contentType };
}
