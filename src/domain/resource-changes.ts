import type { Transaction } from '../platform/database/database.js';
import type { IdSource } from '../platform/ids.js';
import { withoutNulls } from '../platform/json-object.js';
import type { ResourceMapping } from '../platform/read/resource-mapping.js';
import type { WriteGuard } from '../platform/rights/guard.js';
import { insertEvents, type DomainEvent } from '../platform/write/outbox.js';
import { deleteRow, insertRows, updateRows } from '../platform/write/rows.js';
import { writeAll, type Write } from '../platform/write/write-all.js';
import { changed, type RowChanges } from './changes.js';
import { Names, namesSomebody, writesOfNames } from './customer-directory/index.js';
import { changeEvent, kindsOfChange, type ChangeOf, type EventResource, type StateAttributes } from './events.js';
import type { ResourceRow, WrittenMapping } from './row.js';
import { lowerFirst } from '../platform/letter-case.js';

/** A transaction that writes for one tenant, and its time. */
export interface Writing {
  readonly tx: Transaction;
  readonly tenantId: string;
  readonly now: Date;
  /** What may be written; absent: everything. */
  readonly guard?: WriteGuard;
}

interface Updates<Row extends ResourceRow> {
  readonly rows: Row[];
  readonly attributes: Set<keyof Row & string>;
}

/**
 * The unit of work of plain resources: what one transaction does to their rows is collected here, the events follow from
 * it, and all of it is written by one statement. That statement sees the database as it was before: no row may be
 * written twice between two flushes.
 */
export class ResourceChanges {
  private readonly inserted = new Map<ResourceMapping, ResourceRow[]>();
  private readonly updated = new Map<ResourceMapping, Updates<ResourceRow>>();
  private others: Write[] = [];
  private pending: DomainEvent[] = [];

  constructor(
    private readonly writing: Writing,
    private readonly nextId: IdSource,
  ) {}

  /** Inserts rows, each with its Create event. */
  create<Name extends EventResource, Row extends ResourceRow>(
    mapping: WrittenMapping<Name, Row>,
    rows: readonly NoInfer<Row>[],
  ): void {
    this.insert(mapping, rows);
    for (const row of rows) this.emit(mapping, 'Create' as ChangeOf<Name>, row);
  }

  /** Inserts rows without an event. */
  insert<Row extends ResourceRow>(mapping: ResourceMapping<Row>, rows: readonly NoInfer<Row>[]): void {
    const known = this.inserted.get(mapping as ResourceMapping) ?? [];
    this.inserted.set(mapping as ResourceMapping, known);
    for (const row of rows) known.push(row);
  }

  /**
   * The next version of a row, written, with the events that the update is: of its state, of other attributes, or both;
   * with `as`, that event alone. Undefined when nothing changes: then nothing is written.
   */
  update<Name extends EventResource, Row extends ResourceRow>(
    mapping: WrittenMapping<Name, Row>,
    before: Row,
    changes: RowChanges<NoInfer<Row>>,
    events: StateAttributes<NoInfer<Row>> | { readonly as: ChangeOf<Name> } = {},
  ): Row | undefined {
    const after = changed<Row>(withoutNulls(before), changes, this.writing.now);
    if (after === undefined) return undefined;
    this.replace(mapping, after, Object.keys(changes));
    const kinds =
      'as' in events ? [events.as] : (kindsOfChange(withoutNulls(before), after, events) as ChangeOf<Name>[]);
    for (const kind of kinds) this.emit(mapping, kind, after);
    return after;
  }

  /** Writes these attributes of an existing row, without an event. */
  replace<Row extends ResourceRow>(mapping: ResourceMapping<Row>, after: Row, attributes: readonly string[]): void {
    const updates = this.updated.get(mapping as ResourceMapping) ?? { rows: [], attributes: new Set<string>() };
    this.updated.set(mapping as ResourceMapping, updates);
    updates.rows.push(after);
    for (const attribute of attributes) updates.attributes.add(attribute);
  }

  /** Deletes a row, with its Delete event. */
  delete<Name extends EventResource, Row extends ResourceRow>(
    mapping: WrittenMapping<Name, Row>,
    row: NoInfer<Row>,
  ): void {
    this.also(deleteRow(mapping as ResourceMapping, this.writing.tenantId, row.id));
    this.emit(mapping, 'Delete' as ChangeOf<Name>, row);
  }

  /** An event that does not follow from the difference of two versions. */
  emit<Name extends EventResource, Row extends ResourceRow>(
    mapping: WrittenMapping<Name, Row>,
    change: ChangeOf<Name>,
    row: NoInfer<Row>,
  ): void {
    this.pending.push(changeEvent(lowerFirst(mapping.name) as Name, change, row, this.writing.now, this.nextId));
  }

  /** Statements that belong to the same transaction and write no resource. */
  also(...writes: readonly Write[]): void {
    this.others.push(...writes);
  }

  /** Writes the rows; answers the events, which are written together with the answer of the command. */
  async flushRows(): Promise<DomainEvent[]> {
    const { tx, tenantId } = this.writing;
    const events = this.pending;
    const writes = [
      ...writesOfNames(tenantId, this.names()),
      ...[...this.inserted].map(([mapping, rows]) => insertRows(mapping, tenantId, rows)),
      ...[...this.updated].map(([mapping, { rows, attributes }]) =>
        updateRows(mapping, tenantId, [...attributes], rows),
      ),
      ...this.others,
    ];
    this.inserted.clear();
    this.updated.clear();
    this.others = [];
    this.pending = [];
    await writeAll(tx, writes);
    return events;
  }

  /** Whom the rows name. */
  private names(): Names {
    const names = new Names();
    for (const [{ name }, rows] of this.inserted) names.add(name, rows);
    for (const [{ name }, { rows, attributes }] of this.updated)
      if (namesSomebody(name, attributes)) names.add(name, rows);
    return names;
  }

  /** Writes the rows and the events by one statement. */
  async flush(): Promise<void> {
    this.also(insertEvents(this.writing.tenantId, this.pending));
    this.pending = [];
    await this.flushRows();
  }
}
