import { createHash } from 'node:crypto';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction } from '../database/database.js';
import { DomainError, type ErrorCode, type ErrorReference } from '../errors.js';
import { canonicalJson, type JsonObject } from '../json-object.js';
import { IDEMPOTENCY_KEY_LENGTH_MAX, limitExceeded } from '../limits.js';
import type { Write } from './write-all.js';

/** Keys that one statement forgets: short enough for whoever waits for the embedded database's one connection. */
const forgottenMax = 1_000;

/** The client's key and what it stands for: the same key must come with the same command. */
export interface Idempotency {
  key: string;
  fingerprint: string;
}

/** A refusal that leaves a record. */
export interface Refusal {
  code: ErrorCode;
  message: string;
  path?: string;
  reference?: ErrorReference;
}

/** What a command came to: its answer, or its refusal. Kept under the key, so that it can be told again. */
export type Outcome<Answer extends JsonObject = JsonObject> = { answer: Answer } | { refusal: Refusal };

export interface Replayable<Answer extends JsonObject = JsonObject> {
  outcome: Outcome<Answer>;
  /** True when the outcome was decided by an earlier request with the same key. */
  replayed: boolean;
}

/**
 * Undefined when the client gave no key. The fingerprint covers the operation and its input in domain
 * form, so that a REST call and a GraphQL call with the same meaning are the same command.
 */
export function idempotencyOf(key: string | undefined, operation: string, input: JsonObject): Idempotency | undefined {
  if (key === undefined) return undefined;
  if (key.length === 0 || key.length > IDEMPOTENCY_KEY_LENGTH_MAX || !/^[\x20-\x7e]+$/.test(key)) {
    throw limitExceeded(
      'IDEMPOTENCY_KEY_LENGTH_MAX',
      IDEMPOTENCY_KEY_LENGTH_MAX,
      'Idempotency-Key is not one or more printable ASCII characters',
      'Idempotency-Key',
      'INVALID_HEADER',
    );
  }
  const fingerprint = createHash('sha256').update(canonicalJson({ operation, input })).digest('hex');
  return { key, fingerprint };
}

export type KnownOutcomes<Answer extends JsonObject = JsonObject> = Map<
  string,
  { fingerprint: string; outcome: Outcome<Answer> }
>;

export async function loadOutcomes<Answer extends JsonObject = JsonObject>(
  tx: Transaction,
  tenantId: string,
  keys: readonly string[],
): Promise<KnownOutcomes<Answer>> {
  if (keys.length === 0) return new Map();
  const rows = await tx.query<{ key: string; fingerprint: string; outcome: string }>(Prisma.sql`
    SELECT "key", "fingerprint", "outcome"::text AS "outcome" FROM "Idempotency"
    WHERE "tenantId" = ${tenantId} AND "key" = ANY(${keys}::text[])`);
  return new Map(
    rows.map(({ key, fingerprint, outcome }) => [
      key,
      { fingerprint, outcome: JSON.parse(outcome) as Outcome<Answer> },
    ]),
  );
}

/** The earlier outcome under the key, if any; throws when the key stands for another command. */
export function findOutcome<Answer extends JsonObject>(
  known: KnownOutcomes<Answer>,
  idempotency: Idempotency | undefined,
): Outcome<Answer> | undefined {
  const earlier = idempotency && known.get(idempotency.key);
  if (earlier === undefined) return undefined;
  if (earlier.fingerprint !== idempotency?.fingerprint) {
    throw new DomainError(
      'IDEMPOTENCY_KEY_REUSED',
      `Idempotency-Key '${idempotency?.key}' was used for another request`,
      {
        path: 'Idempotency-Key',
      },
    );
  }
  return earlier.outcome;
}

export interface OutcomeRow extends Idempotency {
  outcome: Outcome;
}

/** Fails with a unique violation when another server decided under one of the keys meanwhile. */
export function insertOutcomes(tenantId: string, at: Date, rows: readonly OutcomeRow[]): Write {
  if (rows.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "Idempotency" ("tenantId", "key", "fingerprint", "outcome", "createdAt")
    SELECT ${tenantId}::text, r."key", r."fingerprint", r."outcome", ${at.toISOString()}::timestamptz
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r("key" text, "fingerprint" text, "outcome" jsonb)`;
}

/** The answer, or the refusal thrown (again). */
export function answerOf<Answer extends JsonObject>({ outcome, replayed }: Replayable<Answer>): Answer {
  if ('answer' in outcome) return outcome.answer;
  const { code, message, path, reference } = outcome.refusal;
  throw new DomainError(code, message, { path, reference, replayed });
}

/** Forgets what was decided before this time, until nothing is left or the signal is aborted. Answers how many. */
export async function forgetOutcomes(database: Database, before: Date, signal: AbortSignal): Promise<number> {
  for (let total = 0; ;) {
    if (signal.aborted) return total;
    // Another server may be at the same rows: each takes what the other has not.
    const forgotten = await database.transaction((tx) =>
      tx.execute(Prisma.sql`
        DELETE FROM "Idempotency" WHERE ("tenantId", "key") IN (
          SELECT "tenantId", "key" FROM "Idempotency" WHERE "createdAt" < ${before.toISOString()}::timestamptz
          ORDER BY "createdAt" LIMIT ${forgottenMax} FOR UPDATE SKIP LOCKED)`),
    );
    total += forgotten;
    if (forgotten < forgottenMax) return total;
  }
}
