import type { Transaction } from '../../../platform/database/database.js';
import type { JsonObject } from '../../../platform/json-object.js';
import { insertOutcomes, type OutcomeRow } from '../../../platform/write/idempotency.js';
import { insertEvents, type DomainEvent } from '../../../platform/write/outbox.js';
import { insertRows, updateRows } from '../../../platform/write/rows.js';
import { writeAll } from '../../../platform/write/write-all.js';
import type { BalanceDependencies } from './apply.js';
import type { LedgerEntry } from '../decide/bookkeeping.js';
import { actionKinds, type ActionKind } from '../command/commands.js';
import { decidingAttributes, describingAttributes } from '../command/attributes.js';
import * as store from '../store/balance.store.js';
import type { LockedState } from './locked-state.js';

type RowsOfKind = Record<ActionKind, Map<string, JsonObject>>;

/** What the commands of one transaction will write, gathered so that each table is written once. */
export class UnitOfWork {
  readonly touched = new Set<string>();
  readonly entries: LedgerEntry[] = [];
  readonly holds: store.HoldRow[] = [];
  /** Reservations that hold nothing any more. */
  readonly released: string[] = [];
  readonly events: DomainEvent[] = [];
  readonly outcomes: OutcomeRow[] = [];
  private readonly created = emptyRows();
  private readonly changed = emptyRows();

  create(kind: ActionKind, row: JsonObject): void {
    this.created[kind].set(String(row['id']), row);
  }

  /** A new version of an action; of one that this batch creates, simply what is created. */
  change(kind: ActionKind, row: JsonObject): void {
    const id = String(row['id']);
    (this.created[kind].has(id) ? this.created : this.changed)[kind].set(id, row);
  }

  /** Takes over what a part of the batch has come to. */
  merge(part: UnitOfWork): void {
    for (const id of part.touched) this.touched.add(id);
    for (const kind of actionKinds) {
      for (const row of part.created[kind].values()) this.create(kind, row);
      for (const row of part.changed[kind].values()) this.change(kind, row);
    }
    this.entries.push(...part.entries);
    this.holds.push(...part.holds);
    this.released.push(...part.released);
    this.events.push(...part.events);
  }

  async write(
    tx: Transaction,
    { mappings, clock }: BalanceDependencies,
    tenantId: string,
    lockedState: LockedState,
  ): Promise<void> {
    const now = clock.now();
    const actions = actionKinds.flatMap((kind) => [
      insertRows(mappings[kind], tenantId, [...this.created[kind].values()]),
      updateRows(
        mappings[kind],
        tenantId,
        changedAttributes[kind],
        rowsOf(this.changed[kind], (row) => !wasAwaited(row)),
      ),
      updateRows(
        mappings[kind],
        tenantId,
        [...changedAttributes[kind], ...decidingAttributes[kind]],
        rowsOf(this.changed[kind], wasAwaited),
      ),
    ]);
    await writeAll(tx, [
      store.writeBuckets(
        tenantId,
        [...this.touched].map((id) => lockedState.bucket(id)),
        now,
      ),
      ...actions,
      store.deleteHolds(tenantId, this.released),
      store.insertHolds(tenantId, this.holds),
      store.insertEntries(tenantId, this.entries),
      store.insertClockStepsBack(tenantId, this.entries),
      insertEvents(tenantId, this.events),
      insertOutcomes(tenantId, now, this.outcomes),
    ]);
  }
}

function emptyRows(): RowsOfKind {
  return { topupBalance: new Map(), adjustBalance: new Map(), reserveBalance: new Map(), transferBalance: new Map() };
}

function rowsOf(rows: ReadonlyMap<string, JsonObject>, holds: (row: JsonObject) => boolean): JsonObject[] {
  return [...rows.values()].filter(holds);
}

/** The payment of an action may come with changes of what it is to do. */
function wasAwaited({ paymentDueDate }: JsonObject): boolean {
  return (paymentDueDate ?? null) !== null;
}

const setByEngine = [
  'status',
  'confirmationDate',
  'usageType',
  'impactedBucket',
  'failureCode',
  'failureMessage',
  'nextDueDate',
];

/** What commands and the time change of an action that exists. */
const changedAttributes: Readonly<Record<ActionKind, readonly string[]>> = {
  topupBalance: [...setByEngine, 'periodsDone', ...describingAttributes.topupBalance],
  adjustBalance: [...setByEngine, ...describingAttributes.adjustBalance],
  reserveBalance: [...setByEngine, ...describingAttributes.reserveBalance],
  transferBalance: [...setByEngine, ...describingAttributes.transferBalance],
};
