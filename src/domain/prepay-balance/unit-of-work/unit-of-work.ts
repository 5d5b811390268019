import { insertAuditRecords, type AuditRow } from '../../../platform/audit/audit-record.js';
import { insertOutcomes, type OutcomeRow } from '../../../platform/write/idempotency.js';
import { insertEvents, type DomainEvent } from '../../../platform/write/outbox.js';
import type { JsonObject } from '../../../platform/json-object.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import { insertRows, updateRows } from '../../../platform/write/rows.js';
import type { Write } from '../../../platform/write/write-all.js';
import { decidingAttributes, describingAttributes, type AttributesOfKind } from '../command/attributes.js';
import type { LedgerEntry } from '../decide/bookkeeping.js';
import type { BucketState } from '../decide/state.js';
import { Names, writesOfNames } from '../../customer-directory/index.js';
import type { BalanceDependencies } from '../dependencies.js';
import { actionKinds, type ActionChanges, type ActionKind, type BalanceActionRow, type HoldRow } from '../model.js';
import { deleteHolds, insertHolds } from '../store/action.store.js';
import { insertAlerts, type ToldAlert } from '../store/alert.store.js';
import { writeBuckets } from '../store/bucket.store.js';
import { groupCounting } from '../store/group.store.js';
import { insertClockStepsBack, insertEntries } from '../store/ledger.store.js';
import { deleteLinks, insertLinks, newLinks, type ActionLink } from '../store/link.store.js';
import type { LockedState } from './locked-state.js';

type RowsOfKind = Record<ActionKind, Map<string, BalanceActionRow>>;

/** What the commands of one transaction write, collected so that each table is written once. */
export class UnitOfWork {
  readonly touched = new Set<string>();
  /** Buckets that changed since the last event, as they now are: the next event tells of them. */
  readonly untold = new Map<string, BucketState>();
  readonly entries: LedgerEntry[] = [];
  readonly holds: HoldRow[] = [];
  /** Reservations whose holds are deleted. */
  readonly released: string[] = [];
  readonly events: DomainEvent[] = [];
  /** Events of buckets that run low. */
  readonly alerts: ToldAlert[] = [];
  readonly outcomes: OutcomeRow[] = [];
  readonly audits: AuditRow[] = [];
  private readonly created = emptyRows();
  private readonly changed = emptyRows();
  /** Earlier actions that change, as they were. */
  private readonly before = new Map<string, BalanceActionRow>();
  /** What may name somebody: new rows, and what changes of others. */
  private readonly naming: Record<ActionKind, JsonObject[]> = {
    topupBalance: [],
    adjustBalance: [],
    reserveBalance: [],
    transferBalance: [],
  };

  /** A new action. */
  create(kind: ActionKind, row: BalanceActionRow): void {
    this.created[kind].set(row.id, row);
    this.naming[kind].push(row);
  }

  /**
   * A new version of an action, what is new in it, and the version before; an action that this unit of work creates is
   * created in that version.
   */
  change(kind: ActionKind, row: BalanceActionRow, changes: ActionChanges, before: BalanceActionRow): void {
    this.naming[kind].push(changes);
    this.noteBefore(before);
    this.put(kind, row);
  }

  private put(kind: ActionKind, row: BalanceActionRow): void {
    (this.created[kind].has(row.id) ? this.created : this.changed)[kind].set(row.id, row);
  }

  private noteBefore(row: BalanceActionRow): void {
    if (!this.before.has(row.id)) this.before.set(row.id, row);
  }

  /** Takes over what another unit of work has collected, but for its outcomes and records. */
  merge(part: UnitOfWork): void {
    for (const id of part.touched) this.touched.add(id);
    for (const kind of actionKinds) {
      for (const row of part.created[kind].values()) this.created[kind].set(row.id, row);
      for (const row of part.changed[kind].values()) this.put(kind, row);
      this.naming[kind].push(...part.naming[kind]);
    }
    for (const row of part.before.values()) this.noteBefore(row);
    this.entries.push(...part.entries);
    this.holds.push(...part.holds);
    this.released.push(...part.released);
    this.events.push(...part.events);
    this.alerts.push(...part.alerts);
  }

  /** What writes everything, one statement per table, to be sent at once. `state` gives the buckets as they then are. */
  writes({ mappings, clock }: BalanceDependencies, tenantId: string, state: LockedState): Write[] {
    const [untold] = this.untold.keys();
    if (untold !== undefined) throw new Error(`no event tells of what happened to bucket ${untold}`);
    const now = clock.now();
    const buckets = [...this.touched].map((id) => state.bucket(id));
    const names = new Names();
    for (const kind of actionKinds) names.add(mappings[kind].name, this.naming[kind]);
    return [
      ...writesOfNames(tenantId, names),
      writeBuckets(tenantId, buckets, now),
      // With its first entry a bucket gets its units.
      ...groupCounting(
        tenantId,
        this.entries.filter(({ sequence }) => sequence === 1).map(({ bucketId, units }) => ({ id: bucketId, units })),
      ),
      ...actionKinds.flatMap((kind) => this.actionWrites(kind, mappings[kind], tenantId)),
      ...this.linkWrites(tenantId),
      deleteHolds(tenantId, this.released),
      insertHolds(tenantId, this.holds),
      insertEntries(tenantId, this.entries),
      insertClockStepsBack(tenantId, this.entries),
      insertEvents(tenantId, this.events),
      insertAlerts(mappings.bucket, tenantId, this.alerts),
      insertOutcomes(tenantId, now, this.outcomes),
      insertAuditRecords(tenantId, this.audits),
    ];
  }

  private linkWrites(tenantId: string): Write[] {
    const added: ActionLink[] = [];
    const gone: ActionLink[] = [];
    for (const kind of actionKinds) {
      for (const row of this.created[kind].values()) added.push(...newLinks(row));
      for (const row of this.changed[kind].values()) {
        const before = this.before.get(row.id);
        if (before === undefined) throw new Error(`nobody knows how ${kind} ${row.id} was before`);
        added.push(...newLinks(row, before));
        gone.push(...newLinks(before, row));
      }
    }
    return [deleteLinks(tenantId, gone), insertLinks(tenantId, added)];
  }

  private actionWrites(kind: ActionKind, mapping: ResourceMapping<BalanceActionRow>, tenantId: string): Write[] {
    const rows = [...this.changed[kind].values()];
    const attributes: readonly (keyof BalanceActionRow)[] = changedAttributes[kind];
    return [
      insertRows(mapping, tenantId, [...this.created[kind].values()]),
      updateRows(
        mapping,
        tenantId,
        attributes,
        rows.filter((row) => !wasAwaited(row)),
      ),
      updateRows(mapping, tenantId, [...attributes, ...decidingAttributes[kind]], rows.filter(wasAwaited)),
    ];
  }
}

function emptyRows(): RowsOfKind {
  return { topupBalance: new Map(), adjustBalance: new Map(), reserveBalance: new Map(), transferBalance: new Map() };
}

/** The payment of an action may come with changes of what it does. */
function wasAwaited({ paymentDueDate }: BalanceActionRow): boolean {
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
] as const;

/** What commands and due work change of an action that exists. */
const changedAttributes: AttributesOfKind = {
  topupBalance: [...setByEngine, 'periodsDone', ...describingAttributes.topupBalance],
  adjustBalance: [...setByEngine, ...describingAttributes.adjustBalance],
  reserveBalance: [...setByEngine, ...describingAttributes.reserveBalance],
  transferBalance: [...setByEngine, ...describingAttributes.transferBalance],
};
