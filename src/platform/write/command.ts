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
  idempotency?: Idempotency;
}

/** What the work came to. A refusal it answers, other than one it throws, is committed with the record it has of it. */
export type CommandResult<Json extends JsonObject = JsonObject> = Done<Json> | { refusal: Refusal };

export interface Done<Json extends JsonObject = JsonObject> {
  answer: Json;
  events: readonly DomainEvent[];
  /** True when the work found that all it was asked for had been done by an earlier request. */
  replayed?: boolean;
}

export interface Answer<Json extends JsonObject = JsonObject> {
  answer: Json;
  /** True when an earlier request, of the same key or with the same data, got this answer. */
  replayed: boolean;
}

/**
 * The write path of everything that is not a balance action: idempotency, the change, its events and
 * its remembered answer in one transaction, repeated as a whole when it loses a race. A refusal thrown
 * by the work leaves nothing behind; one that it answers is kept and told again under its key.
 */
export async function runCommand<Json extends JsonObject>(
  database: Database,
  clock: Clock,
  context: CommandContext,
  work: (tx: Transaction, now: Date) => Promise<CommandResult<Json>>,
): Promise<Answer<Json>> {
  const { tenantId, idempotency } = context;
  const told = await withRetry(() =>
    database.transaction(async (tx): Promise<Replayable> => {
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
      await writeAll(tx, [insertEvents(tenantId, events), insertOutcomes(tenantId, now, outcomes)]);
      return { outcome, replayed };
    }),
  );
  // Under one key there is one command: what it was answered before is of the same type.
  return { answer: answerOf(told) as Json, replayed: told.replayed };
}

async function earlierOutcome(
  tx: Transaction,
  { tenantId, idempotency }: CommandContext,
): Promise<Replayable | undefined> {
  if (idempotency === undefined) return undefined;
  const outcome = findOutcome(await loadOutcomes(tx, tenantId, [idempotency.key]), idempotency);
  return outcome && { outcome, replayed: true };
}
