import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../../platform/database/database.js';
import { DomainError, type ErrorCode } from '../../../platform/errors.js';
import { toStorable } from '../../../platform/storable-text.js';
import type { ExternalKey, UsageRow } from '../model.js';
import type { Outdated } from '../../../platform/write/forget.js';
import { withRetry } from '../../../platform/write/retry.js';
import { writeAll } from '../../../platform/write/write-all.js';

/** Problems of one import that are kept; further ones are only counted. */
export const problemsMax = 10_000;
const messageLengthMax = 1_000;

/** An import as its upload and its move see it. */
export interface ImportTask {
  tenantId: string;
  id: string;
  status: string;
  mode: string;
  contentType: string;
  lines: number;
  rejected: number;
  /** The upload that may continue. */
  uploads: number;
  lastLine: number;
  digest: string | null;
  isReceived: boolean;
}

/** The external key of a line. */
export interface StagedKey extends ExternalKey {
  line: number;
}

/** A line that can be taken, unless another usage turns out to have its external key. */
export interface StagedLine {
  line: number;
  eventId: string;
  row: UsageRow;
}

/** A line that cannot be taken. */
export interface RefusedLine {
  line: number;
  refusal: DomainError;
}

/** Lines of a file that are staged together. */
export interface StagedBatch {
  lastLine: number;
  /** Of all lines up to the last one. */
  digest: string;
  keys: readonly StagedKey[];
  rows: readonly StagedLine[];
  refused: readonly RefusedLine[];
  /** Who sent them. */
  principalId: string;
  now: Date;
}

/** What became of lines that were moved. */
export interface Moved {
  accepted: number;
  duplicates: number;
  /** Lines whose external key another usage has, with other data. */
  conflicts: number;
  /** Lines whose external key was freed between two statements: nothing is known of them. */
  open: number;
}

/** Why a line was refused. */
export interface Problem {
  line: number;
  code: ErrorCode;
  message: string;
}

/** Imports that one round of supervision deals with. */
const foundMax = 100;

/** What imports keep beside their resource: the lines that wait, the lines that were refused, how far an upload has come. */
export class ImportStore {
  constructor(readonly database: Database) {}

  /** The task, locked until the transaction ends; undefined when there is none. */
  async lock(tx: Transaction, tenantId: string, id: string): Promise<ImportTask | undefined> {
    return (await tx.query<ImportTask>(Prisma.sql`${selectTask(tenantId, id)} FOR UPDATE`))[0];
  }

  /** The task as it is at the moment; undefined when there is none. */
  async read(tx: Transaction, tenantId: string, id: string): Promise<ImportTask | undefined> {
    return (await tx.query<ImportTask>(selectTask(tenantId, id)))[0];
  }

  /**
   * Whether this transaction may move the lines: one at a time may, while the upload continues. It does not wait: an import
   * of all or nothing takes long, and a transaction that waits keeps a connection.
   */
  async mayMove(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
    const [answer] = await tx.query<{ isOurs: boolean }>(
      Prisma.sql`SELECT pg_try_advisory_xact_lock(${moveKey(tenantId, id)}) AS "isOurs"`,
    );
    return answer?.isOurs === true;
  }

  /** Waits until no other transaction moves its lines, and keeps others from it until this transaction ends. */
  async awaitMove(tx: Transaction, tenantId: string, id: string): Promise<void> {
    await tx.query(Prisma.sql`SELECT 1 FROM pg_advisory_xact_lock(${moveKey(tenantId, id)})`);
  }

  /** Keeps a batch, as far as this is still the upload that may: one statement, committed. */
  async stage(
    task: ImportTask,
    { lastLine, digest, keys, rows, refused, principalId, now }: StagedBatch,
  ): Promise<void> {
    const { tenantId, id } = task;
    const problems = refused.map(({ line, refusal: { code, message } }) => ({
      line,
      code,
      message: toStorable(message.slice(0, messageLengthMax)),
    }));
    const count = rows.length + refused.length;
    const [written] = await withRetry(() =>
      this.database.query<{ tasks: number }>(Prisma.sql`
        WITH task AS (
          UPDATE "UsageImport" SET "lines" = "lines" + ${count}, "rejected" = "rejected" + ${refused.length},
            "lastLine" = ${lastLine}, "digest" = ${digest}, "updatedAt" = ${now}, ${countedOn(now, count)}
          WHERE ${isCurrentUpload(task)} AND "lastLine" < ${lastLine}
          RETURNING "rejected" - ${refused.length} AS "rejectedBefore"
        ), batch AS (
          INSERT INTO "UsageImportBatch" ("tenantId", "importId", "firstLine", "claims", "rows", "principalId")
          SELECT ${tenantId}::text, ${id}::text, ${rows[0]?.line ?? 0}::int, ${JSON.stringify(keys)}::text, ${JSON.stringify(rows)}::text, ${principalId}::text FROM task WHERE ${rows.length > 0}::boolean
        ), problem AS (
          ${insertProblems(tenantId, id, Prisma.sql`${problemRows(problems)} CROSS JOIN task`)}
        ) SELECT count(*)::int AS "tasks" FROM task`),
    );
    if (written?.tasks !== 1) throw this.superseded(task);
  }

  /** The refusal of an upload that may not continue. */
  superseded({ id }: ImportTask): DomainError {
    return new DomainError(
      'CONFLICT',
      `this upload of usageImport '${id}' was given up, or another one of it has begun`,
      { path: 'id' },
    );
  }

  /** The upload is alive, though it has nothing to stage yet. */
  async touch(task: ImportTask, now: Date): Promise<void> {
    await this.database.transaction((tx) =>
      tx.execute(Prisma.sql`UPDATE "UsageImport" SET "updatedAt" = ${now} WHERE ${isCurrentUpload(task)}`),
    );
  }

  /** The upload that begins now is the one that may continue. How long it pauses between two uploads does not count. */
  async countUpload(tx: Transaction, task: ImportTask, now: Date): Promise<ImportTask> {
    await tx.execute(Prisma.sql`
      UPDATE "UsageImport" SET "uploads" = "uploads" + 1, "startedAt" = ${now}::timestamptz - COALESCE("updatedAt" - "startedAt", interval '0')
      WHERE ${isTask(task)}`);
    return { ...task, uploads: task.uploads + 1 };
  }

  /** No upload may continue any more. Answers false when this is not the last one that began. */
  async close(tx: Transaction, task: ImportTask, now: Date): Promise<boolean> {
    const closed = await tx.execute(Prisma.sql`
      UPDATE "UsageImport" SET "isReceived" = true, "revision" = "revision" + 1, "updatedAt" = ${now}
      WHERE ${isUpload(task)} AND "status" = ${task.status}`);
    return closed === 1;
  }

  /** Adds what became of lines that were moved. */
  async count(tx: Transaction, task: ImportTask, { accepted, duplicates, conflicts }: Moved, now: Date): Promise<void> {
    await tx.execute(Prisma.sql`
      UPDATE "UsageImport" SET "accepted" = "accepted" + ${accepted}, "duplicates" = "duplicates" + ${duplicates},
        "rejected" = "rejected" + ${conflicts}, "updatedAt" = ${now}, ${countedOn(now, 0)} WHERE ${isTask(task)}`);
  }

  /** Adds so many refused lines, of which these are the first. */
  async addProblems(tx: Transaction, task: ImportTask, count: number, problems: readonly Problem[]): Promise<void> {
    const from = Prisma.sql`${problemRows(problems)} CROSS JOIN (SELECT ${task.rejected}::bigint AS "rejectedBefore") task`;
    await writeAll(tx, [
      insertProblems(task.tenantId, task.id, from),
      Prisma.sql`UPDATE "UsageImport" SET "rejected" = "rejected" + ${count} WHERE ${isTask(task)}`,
    ]);
  }

  /** Imports of any tenant whose uploads have brought nothing since then. */
  findSilent(status: string, since: Date): Promise<Pick<ImportTask, 'tenantId' | 'id' | 'uploads' | 'lastLine'>[]> {
    return this.database.query(Prisma.sql`
      SELECT "tenantId", "id", "uploads", "lastLine" FROM "UsageImport"
      WHERE "status" = ${status} AND NOT "isReceived" AND "updatedAt" < ${since} LIMIT ${foundMax}::int`);
  }

  /** Imports of any tenant that ended before that, or were made before and never began. */
  findOld(before: Date, after: Outdated, limit: number): Promise<Outdated[]> {
    return this.database.query(Prisma.sql`
      SELECT "tenantId", "id" FROM "UsageImport" WHERE ("tenantId", "id") > (${after.tenantId}, ${after.id})
        AND "status" <> 'running' AND COALESCE("completionDate", "creationDate") < ${before}
      ORDER BY "tenantId", "id" LIMIT ${limit}::int`);
  }

  /** Imports of any tenant that have something to move. */
  findMovable(): Promise<Pick<ImportTask, 'tenantId' | 'id'>[]> {
    return this.database.query(Prisma.sql`
      SELECT t."tenantId", t."id" FROM "UsageImport" t
      WHERE (t."status" = 'running' AND t."isReceived") OR (t."mode" = 'skipBad' AND t."status" IN ('running', 'failed') AND EXISTS (
        SELECT 1 FROM "UsageImportBatch" b WHERE b."tenantId" = t."tenantId" AND b."importId" = t."id"))
      LIMIT ${foundMax}::int`);
  }

  /** The first problems of an import, in the order of its lines. */
  async problems(tenantId: string, id: string): Promise<Problem[] | undefined> {
    const [task] = await this.database.query<{ problems: string }>(Prisma.sql`
      SELECT (
        SELECT COALESCE(json_agg(json_build_object('line', p."line", 'code', p."code", 'message', p."message") ORDER BY p."line"), '[]')
        FROM "UsageImportProblem" p WHERE p."tenantId" = t."tenantId" AND p."importId" = t."id"
      )::text AS "problems" FROM "UsageImport" t WHERE t."tenantId" = ${tenantId} AND t."id" = ${id}`);
    return task && (JSON.parse(task.problems) as Problem[]);
  }

  /** Drops the lines that were staged and not moved. */
  async deleteBatches(tx: Transaction, tenantId: string, id: string): Promise<void> {
    await tx.client.usageImportBatch.deleteMany({ where: { tenantId, importId: id } });
  }

  /** Drops what was recorded of refused lines. */
  async deleteProblems(tx: Transaction, tenantId: string, id: string): Promise<void> {
    await tx.client.usageImportProblem.deleteMany({ where: { tenantId, importId: id } });
  }
}

/** `from` stands behind FROM and gives line, code and message as r; and how many were rejected before them. */
export function insertProblems(tenantId: string, importId: string, from: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO "UsageImportProblem" ("tenantId", "importId", "line", "code", "message")
    SELECT ${tenantId}::text, ${importId}::text, n."line", n."code", n."message"
    FROM (SELECT r."line", r."code", r."message", "rejectedBefore" + row_number() OVER (ORDER BY r."line") AS "number" FROM ${from}) n
    WHERE n."number" <= ${problemsMax}::int
    ON CONFLICT DO NOTHING`;
}

function selectTask(tenantId: string, id: string): Prisma.Sql {
  return Prisma.sql`
    SELECT "tenantId", "id", "status", "mode", "contentType", "lines", "rejected", "uploads", "lastLine", "digest", "isReceived"
    FROM "UsageImport" WHERE "tenantId" = ${tenantId} AND "id" = ${id}`;
}

function isTask({ tenantId, id }: ImportTask): Prisma.Sql {
  return Prisma.sql`"tenantId" = ${tenantId} AND "id" = ${id}`;
}

/** Whether no other upload of it has begun. */
function isUpload(task: ImportTask): Prisma.Sql {
  return Prisma.sql`${isTask(task)} AND "uploads" = ${task.uploads}`;
}

/** Whether this is still the upload that may continue. */
function isCurrentUpload(task: ImportTask): Prisma.Sql {
  return Prisma.sql`${isUpload(task)} AND "status" = 'running' AND NOT "isReceived"`;
}

/** The key of the advisory lock that is held while the lines of an import are moved. */
function moveKey(tenantId: string, id: string): Prisma.Sql {
  return Prisma.sql`hashtextextended(${`move usage import ${tenantId} ${id}`}, 0)`;
}

/** Problems as rows, r. */
function problemRows(problems: readonly Problem[]): Prisma.Sql {
  return Prisma.sql`jsonb_to_recordset(${JSON.stringify(problems)}::jsonb) AS r("line" integer, "code" text, "message" text)`;
}

/** So many lines more have come by now: how fast that goes. */
function countedOn(now: Date, more: number): Prisma.Sql {
  return Prisma.sql`
    "revision" = "revision" + 1,
    "linesPerSecond" = CASE WHEN ${now}::timestamptz > "startedAt"
      THEN round(("lines" + ${more}::int) / extract(epoch FROM ${now}::timestamptz - "startedAt"))::int END`;
}
