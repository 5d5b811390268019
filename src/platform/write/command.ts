import { insertAuditRecords, type AuditedWrite } from '../audit/audit-record.js';
import type { Clock } from '../clock.js';
import type { Database, Transaction } from '../database/database.js';
import { DomainError } from '../errors.js';
import type { JsonObject } from '../json-object.js';
import {
  answerOf,
  findOutcome,
  insertOutcomes,
  loadOutcomes,
  type Idempotency,
  type Refusal,
  type Replayable,
} from './idempotency.js';
import { insertEvents, type DomainEvent } from './outbox.js';
import { withRetry } from './retry.js';
import { writeAll } from './write-all.js';

export interface CommandContext {
  tenantId: string;
  /** Who asks. */
  principalId: string;
  /** The record of the command, which is written with it. */
  audit?: AuditedWrite;
  idempotency?: Idempotency;
}

/** The result of the work. A returned refusal is committed with its record; a thrown one rolls everything back. */
export type CommandResult<Json extends JsonObject = JsonObject> = Done<Json> | { refusal: Refusal };

export interface Done<Json extends JsonObject = JsonObject> {
  answer: Json;
  events: readonly DomainEvent[];
  /** True when an earlier request had already done everything that this one asks for. */
  replayed?: boolean;
}

export interface Answer<Json extends JsonObject = JsonObject> {
  answer: Json;
  /** True when this is the answer of an earlier request with the same key or the same data. */
  replayed: boolean;
}

/**
 * The write path of everything but balance actions: the check of the idempotency key, the change, its events and its
 * stored answer in one transaction, which is retried as a whole when it conflicts with another one. A refusal that the
 * work throws leaves nothing behind; one that it returns is stored, and is repeated under the same key.
 * @returns the answer, and whether it is that of an earlier request
 * @throws DomainError the refusal; IDEMPOTENCY_KEY_REUSED; UNAVAILABLE when the database is away
 */
export async function runCommand<Json extends JsonObject>(
  database: Database,
  clock: Clock,
  context: CommandContext,
  work: (tx: Transaction, now: Date) => Promise<CommandResult<Json>>,
): Promise<Answer<Json>> {
  const { tenantId, principalId, audit, idempotency } = context;
  let isRecorded = false;
  const result = await withRetry(() =>
    database.transaction(async (tx): Promise<Replayable> => {
      isRecorded = false;
      const earlier = await earlierOutcome(tx, context);
      if (earlier) return earlier;
      const now = clock.now();
      let result: CommandResult<Json>;
      try {
        result = await work(tx, now);
      } catch (error) {
        // The work may have waited for a lock whose holder decided under the same key.
        const meanwhile = error instanceof DomainError ? await earlierOutcome(tx, context) : undefined;
        if (meanwhile) return meanwhile;
        throw error;
      }
      const outcome = 'refusal' in result ? { refusal: result.refusal } : { answer: result.answer };
      const { events, replayed = false } = 'refusal' in result ? { events: [] } : result;
      const outcomes = idempotency ? [{ ...idempotency, outcome }] : [];
      await writeAll(tx, [
        insertEvents(
          tenantId,
          events.map((event) => ({ principalId, ...event })),
        ),
        insertOutcomes(tenantId, now, outcomes),
        insertAuditRecords(tenantId, audit ? [audit.rowOf(outcome, now)] : []),
      ]);
      isRecorded = true;
      return { outcome, replayed };
    }),
  );
  if (isRecorded) audit?.recorded();
  // A key belongs to one command, so a stored answer has the type of this one.
  return { answer: answerOf(result) as Json, replayed: result.replayed };
}

async function earlierOutcome(
  tx: Transaction,
  { tenantId, idempotency }: CommandContext,
): Promise<Replayable | undefined> {
  if (idempotency === undefined) return undefined;
  const outcome = findOutcome(await loadOutcomes(tx, tenantId, [idempotency.key]), idempotency);
  return outcome && { outcome, replayed: true };
}
