import type { AuditedWrite } from '../../../platform/audit/audit-record.js';
import type { Statements } from '../../../platform/database/database.js';
import { DomainError } from '../../../platform/errors.js';
import { inSpan, type Span } from '../../../platform/tracing.js';
import { findOutcome, loadOutcomes, type Idempotency, type Replayable } from '../../../platform/write/idempotency.js';
import { writeAll, writeAllAtEnd } from '../../../platform/write/write-all.js';
import type { WriteGuard } from '../../../platform/rights/guard.js';
import type { BalanceCommand } from '../command/commands.js';
import type { BalanceDependencies } from '../dependencies.js';
import type { BalanceActionRow } from '../model.js';
import { applyCommand } from './command-processor.js';
import { Journal, type BalanceAnswer, type BalanceOutcome } from './journal.js';
import { addClaims, claimsOf, touches } from './claims.js';
import { DayAmounts } from './day-amounts.js';
import { LockedState, type LoadOptions } from './locked-state.js';
import { UnitOfWork } from './unit-of-work.js';

/** One command, or several that apply together or not at all; the answer is then `{ items: [...] }`. */
export interface BalanceRequest {
  readonly commands: readonly [BalanceCommand, ...BalanceCommand[]];
  readonly isBulk: boolean;
  /** The message of a bulk request that is refused, from the message and the place of the refused command. */
  readonly refusedAs?: (message: string, index: number) => string;
  readonly idempotency?: Idempotency;
  /** Which buckets its sender may act on, and up to which amounts; absent: all. */
  readonly guard?: WriteGuard;
  /** Who asks. */
  readonly principalId: string;
  /** The record of the request, which is written with it. */
  readonly audit?: AuditedWrite;
  /** Where it is traced: what the request is a part of. */
  readonly span?: Span | undefined;
}

/** What a request comes to: an outcome that is remembered under its key, or a refusal of which nothing is kept. */
export type BalanceResult = Replayable<BalanceAnswer> | { error: DomainError };

export interface ApplyOptions extends LoadOptions {
  /** True when nothing else is done in the transaction: what is written goes with the commit. */
  readonly endsTransaction?: boolean;
}

/**
 * Why nothing of a request was done: it needs a skipped bucket; it needs other buckets than it was located in; or it comes
 * after such a one, with which it shares something.
 */
export type LeftOut = 'locked' | 'strayed' | 'behind';

export interface AppliedRequests {
  /** In the order of the requests. */
  readonly results: readonly (BalanceResult | LeftOut)[];
  /** Buckets that were skipped, because another transaction has locked them. */
  readonly skipped: ReadonlySet<string>;
}

/**
 * Applies requests, in order, inside a transaction of the caller: locks and loads what they need, decides each on the
 * state its predecessors left, and writes everything with one statement per table. Those that need a bucket which
 * `options` let it skip, and which is locked, are left out; so are those that `options` locate elsewhere than they turn out
 * to be. Throws DueWorkPending, if `options` want that, when something is due that must be applied first.
 */
export async function applyRequests(
  tx: Statements,
  dependencies: BalanceDependencies,
  tenantId: string,
  requests: readonly BalanceRequest[],
  options: ApplyOptions,
): Promise<AppliedRequests> {
  const keys = requests.flatMap(({ idempotency }) => idempotency?.key ?? []);
  const commands = requests.flatMap((request) => request.commands);
  const { clock, zoneOf } = dependencies;
  const dayAmounts = await DayAmounts.take(tx, tenantId, requests, { now: clock.now(), timeZone: zoneOf(tenantId) });
  const loading = LockedState.load(tx, dependencies, tenantId, commands, options);
  // Under the locks: whoever held them may have decided under the same key. What is located locks its buckets by its first
  // statement, and this one is sent behind it without waiting.
  const outcomes = options.located
    ? loadOutcomes<BalanceAnswer>(tx, tenantId, keys)
    : loading.then(() => loadOutcomes<BalanceAnswer>(tx, tenantId, keys));
  // Where that one fails, so does this one, but that one says why.
  outcomes.catch(() => undefined);
  const state = await loading;
  const known = await outcomes;
  const ownBuckets = await findOwnBuckets(tx, dependencies, tenantId, requests, state);
  const unitOfWork = new UnitOfWork();
  // What the requests share that go back to be located again: what comes after them keeps its place behind them.
  const goingBack = new Set<string>();
  const apply = (request: BalanceRequest): BalanceResult | LeftOut => {
    const { idempotency } = request;
    if (request.commands.some((command) => state.blocked.has(command))) return 'locked';
    const hasStrayed = request.commands.some((command) => state.strayed.has(command));
    if (hasStrayed || goingBack.size > 0) {
      const claims = claimsOf(tenantId, request, (command) => options.located?.get(command));
      if (hasStrayed || touches(claims, goingBack)) {
        addClaims(goingBack, claims);
        return hasStrayed ? 'strayed' : 'behind';
      }
    }
    try {
      const earlier = findOutcome(known, idempotency);
      if (earlier) return { outcome: earlier, replayed: true };
      dayAmounts?.require(request);
      const own = ownBuckets.get(request);
      const outcome = request.isBulk
        ? applyTogether(request, state, dependencies, unitOfWork, own)
        : applyCommand(new Journal(dependencies, state, unitOfWork, request.principalId, own), request.commands[0]);
      if (idempotency) {
        known.set(idempotency.key, { fingerprint: idempotency.fingerprint, outcome });
        unitOfWork.outcomes.push({ ...idempotency, outcome });
      }
      if (request.audit) unitOfWork.audits.push(request.audit.rowOf(outcome, state.now));
      return { outcome, replayed: false };
    } catch (error) {
      if (error instanceof DomainError) return { error };
      throw error;
    }
  };
  const results = requests.map((request) => inSpan(request.span, () => apply(request)));
  for (const [index, request] of dayAmounts ? requests.entries() : []) {
    const result = results[index];
    if (!hasApplied(result)) dayAmounts?.giveBack(request);
  }
  const writes = [...unitOfWork.writes(dependencies, tenantId, state), dayAmounts?.writes()];
  if (options.endsTransaction) writeAllAtEnd(tx, writes);
  else await writeAll(tx, writes);
  return { results, skipped: state.skipped };
}

/** Whether a request was applied just now. */
function hasApplied(result: BalanceResult | LeftOut | undefined): boolean {
  return typeof result === 'object' && 'outcome' in result && !result.replayed && 'answer' in result.outcome;
}

/** All or nothing: decided on a copy of the locked state, which is adopted when no command is refused. */
function applyTogether(
  { commands, refusedAs = refusedElement, principalId }: BalanceRequest,
  state: LockedState,
  dependencies: BalanceDependencies,
  unitOfWork: UnitOfWork,
  ownBuckets: ReadonlySet<string> | undefined,
): BalanceOutcome {
  const trial = state.copy();
  const together = new UnitOfWork();
  const items: BalanceActionRow[] = [];
  for (const [index, command] of commands.entries()) {
    // The record of a refusal is kept although nothing is applied: it is collected in a unit of work of its own.
    const own = new UnitOfWork();
    const outcome = applyCommand(new Journal(dependencies, trial, own, principalId, ownBuckets), command);
    if ('refusal' in outcome) {
      unitOfWork.merge(own);
      return { refusal: { ...outcome.refusal, message: refusedAs(outcome.refusal.message, index) } };
    }
    together.merge(own);
    items.push(outcome.answer);
  }
  state.adopt(trial);
  unitOfWork.merge(together);
  return { answer: { items } };
}

function refusedElement(message: string, index: number): string {
  return `element ${index}: ${message}; none was applied`;
}

/** Of requests that may only act on own buckets, which of the locked ones these are. */
async function findOwnBuckets(
  tx: Statements,
  { mappings }: BalanceDependencies,
  tenantId: string,
  requests: readonly BalanceRequest[],
  state: LockedState,
): Promise<ReadonlyMap<BalanceRequest, ReadonlySet<string>>> {
  const found = new Map<BalanceRequest, ReadonlySet<string>>();
  for (const request of requests) {
    const { guard } = request;
    if (guard?.isOwnOnly) found.set(request, await guard.own(tx, mappings.bucket, tenantId, [...state.buckets.keys()]));
  }
  return found;
}
