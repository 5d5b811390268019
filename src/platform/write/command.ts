import type { Clock } from '../clock.js';
import type { Database, Transaction } from '../database/database.js';
import { DomainError } from '../errors.js';
import type { Plain } from '../plain.js';
import { answerOf, findOutcome, insertOutcomes, loadOutcomes, type Idempotency } from './idempotency.js';
import { insertEvents, type DomainEvent } from './outbox.js';
import { withRetry } from './retry.js';
import { writeAll } from './write-all.js';

export interface CommandContext {
  tenantId: string;
  idempotency?: Idempotency;
}

export interface CommandResult {
  answer: Plain;
  events: readonly DomainEvent[];
  /** True when the work found that all it was asked for had been done by an earlier request. */
  replayed?: boolean;
}

export interface Answer {
  answer: Plain;
  /** True when an earlier request, of the same key or with the same data, got this answer. */
  replayed: boolean;
}

/**
 * The write path of everything that is not a balance action: idempotency, the change, its events and
 * its remembered answer in one transaction, repeated as a whole when it loses a race. A refusal thrown
 * by the work leaves nothing behind.
 */
export async function runCommand(
  database: Database,
  clock: Clock,
  context: CommandContext,
  work: (tx: Transaction, now: Date) => Promise<CommandResult>,
): Promise<Answer> {
  const { tenantId, idempotency } = context;
  return withRetry(() =>
    database.transaction(async (tx) => {
      const earlier = await earlierAnswer(tx, context);
      if (earlier) return earlier;
      const now = clock.now();
      let result: CommandResult;
      try {
        result = await work(tx, now);
      } catch (error) {
        // The work may have waited for a lock whose holder decided under the same key.
        const meanwhile = error instanceof DomainError ? await earlierAnswer(tx, context) : undefined;
        if (meanwhile) return meanwhile;
        throw error;
      }
      const { answer, events, replayed = false } = result;
      const outcomes = idempotency ? [{ ...idempotency, outcome: { answer } }] : [];
      await writeAll(tx, [insertEvents(tenantId, events), insertOutcomes(tenantId, now, outcomes)]);
      return { answer, replayed };
    }),
  );
}

async function earlierAnswer(tx: Transaction, { tenantId, idempotency }: CommandContext): Promise<Answer | undefined> {
  if (idempotency === undefined) return undefined;
  const outcome = findOutcome(await loadOutcomes(tx, tenantId, [idempotency.key]), idempotency);
  return outcome && { answer: answerOf({ outcome, replayed: true }), replayed: true };
}
