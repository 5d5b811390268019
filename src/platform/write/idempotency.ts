import { createHash } from 'node:crypto';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Statements } from '../database/database.js';
import { DomainError, type ErrorCode, type ErrorReference } from '../errors.js';
import { canonicalJson, jsonTextOf, type JsonObject } from '../json-object.js';
import { IDEMPOTENCY_KEY_LENGTH_MAX, limitExceeded } from '../limits.js';
import { inBatches } from './forget.js';
import type { Write } from './write-all.js';

/** The key of a request, and a hash of it: the same key must come with the same request. */
export interface Idempotency {
  /** What the client sent, behind what tells its senders apart. */
  key: string;
  fingerprint: string;
}

/** The key that a client sent, and whose it is. */
export interface KeyContext {
  readonly idempotencyKey?: string;
  /** Keys of different owners are different; absent: of everybody. */
  readonly keyOwner?: string;
}

/** A refusal as it is stored under a key. */
export interface Refusal {
  code: ErrorCode;
  message: string;
  path?: string;
  reference?: ErrorReference;
}

/** The outcome of a command, stored under its key so that it can be repeated. */
export type Outcome<Answer extends JsonObject = JsonObject> = { answer: Answer } | { refusal: Refusal };

/** An outcome, and whether it was stored. */
export interface Replayable<Answer extends JsonObject = JsonObject> {
  outcome: Outcome<Answer>;
  /** True when it is that of an earlier request with the same key. */
  replayed: boolean;
}

/**
 * The fingerprint covers the operation and its input in domain form, so that equal requests by REST and by GraphQL are
 * the same command. The name of the operation is hashed into fingerprints that are stored: whoever renames one makes every
 * repeat of an earlier request fail with IDEMPOTENCY_KEY_REUSED (422).
 * @returns undefined when the client sent no key
 * @throws DomainError INVALID_HEADER for a key that is empty, too long or not printable ASCII
 */
export function idempotencyOf(
  { idempotencyKey: key, keyOwner }: KeyContext,
  operation: string,
  input: JsonObject,
): Idempotency | undefined {
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
  return { key: keyOwner === undefined ? key : `${shortHash(keyOwner)}${separator}${key}`, fingerprint };
}

/** No client sends it in a key. */
const separator = '\u001f';

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** The key as the client sent it. */
function sentKey(key: string): string {
  return key.slice(key.indexOf(separator) + 1);
}

/** Stored outcomes by key. */
export type KnownOutcomes<Answer extends JsonObject = JsonObject> = Map<
  string,
  { fingerprint: string; outcome: Outcome<Answer> }
>;

/** Reads the stored outcomes of these keys. */
export async function loadOutcomes<Answer extends JsonObject = JsonObject>(
  tx: Statements,
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

/**
 * @returns the stored outcome of the key, if there is one
 * @throws DomainError IDEMPOTENCY_KEY_REUSED when the key was used for another request
 */
export function findOutcome<Answer extends JsonObject>(
  known: KnownOutcomes<Answer>,
  idempotency: Idempotency | undefined,
): Outcome<Answer> | undefined {
  const earlier = idempotency && known.get(idempotency.key);
  if (earlier === undefined) return undefined;
  if (earlier.fingerprint !== idempotency?.fingerprint) {
    throw new DomainError(
      'IDEMPOTENCY_KEY_REUSED',
      `Idempotency-Key '${sentKey(idempotency?.key ?? '')}' was used for another request`,
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

/**
 * Stores outcomes, in the order of their keys: whoever else stores one of them is waited for, and must not wait for us. Fails
 * with a unique violation when another server has stored one under the same key meanwhile.
 */
export function insertOutcomes(tenantId: string, at: Date, rows: readonly OutcomeRow[]): Write {
  if (rows.length === 0) return undefined;
  const inOrder = [...rows].sort((one, other) => (one.key < other.key ? -1 : 1));
  return Prisma.sql`
    INSERT INTO "Idempotency" ("tenantId", "key", "fingerprint", "outcome", "createdAt")
    SELECT ${tenantId}::text, r."key", r."fingerprint", r."outcome", ${at.toISOString()}::timestamptz
    FROM jsonb_to_recordset(${`[${inOrder.map(textOf).join(',')}]`}::jsonb) AS r("key" text, "fingerprint" text, "outcome" jsonb)`;
}

function textOf({ key, fingerprint, outcome }: OutcomeRow): string {
  const text = 'answer' in outcome ? `{"answer":${jsonTextOf(outcome.answer)}}` : JSON.stringify(outcome);
  return `{"key":${JSON.stringify(key)},"fingerprint":${JSON.stringify(fingerprint)},"outcome":${text}}`;
}

/**
 * @returns the answer of the outcome
 * @throws DomainError when the outcome is a refusal
 */
export function answerOf<Answer extends JsonObject>({ outcome, replayed }: Replayable<Answer>): Answer {
  if ('answer' in outcome) return outcome.answer;
  const { code, message, path, reference } = outcome.refusal;
  throw new DomainError(code, message, { path, reference, replayed });
}

/**
 * Deletes outcomes stored before this time, until none is left or the signal is aborted.
 * @returns how many were deleted
 */
export function forgetOutcomes(database: Database, before: Date, signal: AbortSignal): Promise<number> {
  return inBatches(
    (limit) =>
      database.transaction((tx) =>
        tx.execute(Prisma.sql`
          DELETE FROM "Idempotency" WHERE ("tenantId", "key") IN (
            SELECT "tenantId", "key" FROM "Idempotency" WHERE "createdAt" < ${before.toISOString()}::timestamptz
            ORDER BY "createdAt" LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`),
      ),
    signal,
  );
}
