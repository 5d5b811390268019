import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../../platform/database/database.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import { URL_LENGTH_MAX } from '../../../platform/limits.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import type { SnapshotReads } from '../../../platform/read/snapshot.js';
import { insertEvents } from '../../../platform/write/outbox.js';
import { withRetry } from '../../../platform/write/retry.js';
import { lockRow, readRows, updateRows } from '../../../platform/write/rows.js';
import { writeAll } from '../../../platform/write/write-all.js';
import { changed, requireRevision } from '../../changes.js';
import { changeEvent } from '../../events.js';
import { invalid } from '../../input.js';
import { ResourceWriter } from '../../resource-writer.js';
import { requireTransition, type Transitions } from '../../transitions.js';
import { contentTypeOf } from '../content-types.js';
import type { UsageDependencies } from '../usages.js';

/** Of the server, not of clients. Every download of the bytes is a run of its own, and the task tells of the last one. */
export const exportTransitions: Transitions = {
  notStarted: ['running'],
  running: ['succeeded', 'failed'],
  succeeded: ['running'],
  failed: ['running'],
};

/** A download takes no longer; one that still runs then has lost its server. */
export const exportMaxMs = 600_000;
/** Between two looks for such downloads. */
const silentMaxMs = exportMaxMs + 60_000;
/** Downloads that one round ends. */
const silentMax = 100;

export interface ExportInput {
  query?: string | null;
  contentType?: string | null;
}

/** A download: what it sends, and which run of the task it is. */
export interface ExportRun {
  readonly tenantId: string;
  readonly id: string;
  readonly query: string;
  readonly contentType: string;
  /** Only the last run may tell how it goes. */
  readonly run: number;
}

type Run = Pick<ExportRun, 'tenantId' | 'id' | 'run'>;

/** Files of usages that are handed out: each is a task that says which, and its bytes are made when they are fetched. */
export class UsageExports extends ResourceWriter<ExportInput> {
  constructor(
    database: Database,
    private readonly usageTools: UsageDependencies,
  ) {
    super(database, usageTools, {
      resource: 'usageExport',
      mapping: usageTools.mappings.usageExport,
      begins: { attribute: 'status', allowed: ['notStarted'] },
      fromInput: (input) => fromExportInput(input, usageTools),
      complete: (given, { now }) =>
        Promise.resolve({ ...given, status: 'notStarted', creationDate: now.toISOString(), lines: 0 }),
      release: ({ id, status }) => {
        if (status === 'running')
          throw new DomainError('CONFLICT', `usageExport '${String(id)}' is running and cannot be deleted`, {
            path: 'status',
          });
      },
    });
  }

  /** What a download of it would be. Throws NOT_FOUND. */
  async require(tenantId: string, id: string): Promise<Pick<ExportRun, 'id' | 'contentType'>> {
    const task = (await readRows(this.database, this.usageTools.mappings.usageExport, tenantId, [id])).get(id);
    if (task === undefined) throw new DomainError('NOT_FOUND', `usageExport '${abbreviated(id)}' does not exist`);
    return { id, contentType: String(task['contentType']) };
  }

  /** Begins a download. Throws NOT_FOUND, and CONFLICT while another one runs. */
  begin(tenantId: string, id: string): Promise<ExportRun> {
    return withRetry(() =>
      this.database.transaction(async (tx) => {
        const before = requireRevision(
          await lockRow(tx, this.usageTools.mappings.usageExport, tenantId, id),
          'usageExport',
          id,
          undefined,
        );
        if (before['status'] === 'running')
          throw new DomainError(
            'CONFLICT',
            `usageExport '${abbreviated(id)}' is running: its bytes are sent to one at a time`,
            { path: 'id' },
          );
        const after = await this.turn(tx, tenantId, before, {
          status: 'running',
          lines: 0,
          completionDate: null,
          errorLog: null,
        });
        const [counted] = await tx.query<{ run: number }>(Prisma.sql`
          UPDATE "UsageExport" SET "runs" = "runs" + 1 WHERE "tenantId" = ${tenantId} AND "id" = ${id} RETURNING "runs" AS "run"`);
        return {
          tenantId,
          id,
          query: String(after['query'] ?? ''),
          contentType: String(after['contentType']),
          run: counted?.run ?? 0,
        };
      }),
    );
  }

  /** Tells how many lines have been sent, as far as this is still the run that the task tells of. */
  async progress(run: ExportRun, lines: number): Promise<void> {
    await this.database.query(Prisma.sql`
      UPDATE "UsageExport" SET "lines" = ${lines}, "updatedAt" = ${this.usageTools.clock.now()}, "revision" = "revision" + 1 WHERE ${isRun(run)} RETURNING "id"`);
  }

  /** The download came to its end, or, with a reason, to none. */
  async end(run: Run, lines: number | undefined, errorLog?: string): Promise<void> {
    const { tenantId, id } = run;
    await withRetry(() =>
      this.database.transaction(async (tx) => {
        const [current] = await tx.query(Prisma.sql`SELECT 1 FROM "UsageExport" WHERE ${isRun(run)} FOR UPDATE`);
        const before =
          current === undefined ? undefined : await lockRow(tx, this.usageTools.mappings.usageExport, tenantId, id);
        if (before === undefined) return;
        const completionDate = this.usageTools.clock.now().toISOString();
        await this.turn(tx, tenantId, withoutNulls(before), {
          status: errorLog === undefined ? 'succeeded' : 'failed',
          lines: lines ?? before['lines'] ?? 0,
          completionDate,
          errorLog: errorLog ?? null,
        });
      }),
    );
  }

  /** Ends downloads whose server died. */
  async endSilent(signal: AbortSignal): Promise<void> {
    const since = new Date(this.usageTools.clock.now().getTime() - silentMaxMs);
    const silent = await this.database.query<Run>(Prisma.sql`
      SELECT "tenantId", "id", "runs" AS "run" FROM "UsageExport" WHERE "status" = 'running' AND "updatedAt" < ${since} LIMIT ${silentMax}::int`);
    for (const task of silent) {
      if (signal.aborted) return;
      await this.end(task, undefined, 'the server stopped in the middle');
    }
  }

  /** The usage that came last: those behind it are not of the export. Undefined when there is none. */
  async lastUsage(reads: SnapshotReads, tenantId: string): Promise<string | undefined> {
    const [row] = await reads.read<{ id: string | null }>(
      Prisma.sql`SELECT max("id") AS "id" FROM "Usage" WHERE "tenantId" = ${tenantId}`,
      { isPlanKept: false },
    );
    return row?.id ?? undefined;
  }

  /** The only place where an export that exists gets a status. */
  private async turn(tx: Transaction, tenantId: string, before: JsonObject, changes: JsonObject): Promise<JsonObject> {
    const { clock, nextId, mappings } = this.usageTools;
    requireTransition(
      exportTransitions,
      `usageExport '${String(before['id'])}'`,
      String(before['status']),
      String(changes['status']),
    );
    const now = clock.now();
    const after = changed(before, changes, now);
    if (after === undefined) throw new Error('a status that changes is a change');
    await writeAll(tx, [
      updateRows(mappings.usageExport, tenantId, Object.keys(changes), [after]),
      insertEvents(tenantId, [changeEvent('usageExport', 'StateChange', after, now, nextId)]),
    ]);
    return after;
  }
}

function fromExportInput(
  { query, contentType, ...described }: ExportInput,
  { checkQuery }: UsageDependencies,
): JsonObject {
  const filter = query ?? '';
  if (filter.length > URL_LENGTH_MAX) throw invalid('query', `is longer than ${URL_LENGTH_MAX} characters`);
  checkQuery(filter);
  return { ...withoutNulls(toJsonObject(described)), query: filter, contentType: contentTypeOf(contentType) };
}

/** The task, while this is the run that it tells of. */
function isRun({ tenantId, id, run }: Run): Prisma.Sql {
  return Prisma.sql`"tenantId" = ${tenantId} AND "id" = ${id} AND "runs" = ${run} AND "status" = 'running'`;
}
