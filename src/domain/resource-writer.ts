import type { Clock } from '../platform/clock.js';
import type { Database } from '../platform/database/database.js';
import { abbreviated } from '../platform/errors.js';
import type { ExtensionSchemas } from '../platform/extension-schemas.js';
import type { IdSource } from '../platform/ids.js';
import { canonicalJson, toJsonObject, withoutNulls, type JsonObject } from '../platform/json-object.js';
import { runCommand, type Answer } from '../platform/write/command.js';
import { idempotencyOf, type Refusal } from '../platform/write/idempotency.js';
import { lockRow } from '../platform/write/rows.js';
import {
  changed,
  requestedInput,
  ownRow,
  requireOwn,
  requireRevision,
  requireStillOwn,
  type Change,
  type RowChanges,
  type WriteContext,
} from './changes.js';
import { kindsOfChange, type ChangeOf, type EventResource, type StateAttributes } from './events.js';
import { mapNamingElement, inElement, invalid } from './input.js';
import { ResourceChanges, type Writing } from './resource-changes.js';
import type { ResourceRow, WrittenMapping } from './row.js';
import { upperFirst } from '../platform/letter-case.js';

export type { Writing } from './resource-changes.js';

/** What the writing of every resource needs. */
export interface WriterDependencies {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
}

/** What the writer gives every new row: its identity, its version and the time of its last change. */
export type Begun<Row> = Pick<Row, Extract<keyof Row, 'id' | 'revision' | 'updatedAt' | 'lastUpdate'>>;

/**
 * What is particular to a resource. `Given` is what a creation says by itself, before the database is asked.
 */
export interface Rules<
  Name extends EventResource,
  Row extends ResourceRow,
  Input extends object,
  Given extends Partial<Row>,
> extends StateAttributes<Row> {
  /** As its events and operations have it, e.g. billCycle. */
  readonly resource: Name;
  readonly mapping: WrittenMapping<Name, Row>;
  /** The states that a creation may name: it begins in its first state anyway. Any other is refused, not ignored. */
  readonly begins?: { readonly attribute: keyof Row & string; readonly allowed: readonly string[] };
  /** A creation by itself: checked, and without what is null. It has an id only where clients choose it. */
  fromInput(input: Input): Given;
  /** The changes of an update by themselves: checked; null removes. Absent: clients change nothing. */
  fromChange?(input: Input): RowChanges<Row>;
  /** The new resource, whole, by what the database knows. */
  complete(given: Given & Begun<Row>, writing: Writing): Row | Promise<Row>;
  /** What an update comes to, by what there is. */
  derive?(before: Row, changes: RowChanges<Row>, writing: Writing): RowChanges<Row> | Promise<RowChanges<Row>>;
  /** Whether an update that changes nothing repeats what an earlier request did. */
  isRepeated?(before: Row, changes: RowChanges<Row>): boolean;
  /** Events that an update is beside those of its state and its attributes. */
  furtherEvents?(before: Row, after: Row): readonly ChangeOf<Name>[];
  /** Refuses a resource that an update made differ. */
  require?(before: Row, after: Row): void;
  /** Refuses a deletion, or undoes what depends on the resource. */
  release?(row: Row, writing: Writing, changes: ResourceChanges): void | Promise<void>;
}

/** What one command did: its answer, and whether an earlier request had done all of it. */
export interface Done<Json extends JsonObject> {
  readonly answer: Json;
  readonly replayed?: boolean;
}

/** The steps that the writing of every plain resource shares: one transaction, one version and its events each. */
export class ResourceWriter<
  Name extends EventResource,
  Row extends ResourceRow,
  Input extends object,
  Given extends Partial<Row> = Partial<Row>,
> {
  constructor(
    protected readonly database: Database,
    private readonly dependencies: WriterDependencies,
    private readonly rules: Rules<Name, Row, Input, Given>,
  ) {}

  /** Creates one resource and answers it. */
  async create(context: WriteContext, input: Input): Promise<Answer<Row>> {
    const asked = this.asked(input);
    const given = [this.rules.fromInput(asked)];
    const { answer, replayed } = await this.insert(
      context,
      this.operation('create'),
      withoutNulls(toJsonObject(asked)),
      given,
    );
    const [row] = answer.items;
    return { answer: row as Row, replayed };
  }

  /** Several, all or none; the answer is `{ items: [...] }`. */
  async createMany(context: WriteContext, inputs: readonly Input[]): Promise<Answer<{ items: Row[] }>> {
    const asked = mapNamingElement(inputs, (input) => this.asked(input));
    const items = asked.map((input) => withoutNulls(toJsonObject(input)));
    const given = mapNamingElement(asked, (input) => this.rules.fromInput(input));
    return this.insert(context, `${this.operation('create')}s`, { items }, given, true);
  }

  private insert(
    context: WriteContext,
    operation: string,
    input: JsonObject,
    given: readonly Given[],
    isBulk = false,
  ): Promise<Answer<{ items: Row[] }>> {
    return this.run(context, operation, input, async (writing, changes) => {
      const items: Row[] = [];
      for (const [index, one] of given.entries()) {
        try {
          const row = await this.newRow(one, writing);
          requireOwn(context, this.rules.mapping, row);
          items.push(row);
        } catch (error) {
          throw isBulk ? inElement(error, index) : error;
        }
      }
      changes.create(this.rules.mapping, items);
      return { answer: { items } };
    });
  }

  protected async newRow(given: Given, writing: Writing): Promise<Row> {
    const id = given.id ?? this.dependencies.nextId(writing.now);
    const begun: object = { ...this.stamps(writing.now), id, revision: 1 };
    const row = withoutNulls(await this.rules.complete({ ...given, ...(begun as Begun<Row>) }, writing));
    this.dependencies.extensions.check(row);
    return row;
  }

  /**
   * Changes some attributes and answers the resource as it is then. Throws NOT_FOUND, and REVISION_MISMATCH when it is not
   * the version that the client saw.
   */
  update(context: WriteContext, { input, ...which }: Change): Promise<Answer<Row>> {
    const { resource, fromChange } = this.rules;
    if (fromChange === undefined) throw new Error(`no client changes a ${resource}`);
    const changes = fromChange(input as Input);
    return this.change(context, this.operation('update'), which, changes, () => changes);
  }

  /** A change that is asked for in other words than the new values of attributes. */
  change(
    context: WriteContext,
    operation: string,
    { id, ifRevision }: Pick<Change, 'id' | 'ifRevision'>,
    asked: JsonObject | RowChanges<Row>,
    toChanges: (before: Row) => RowChanges<Row>,
  ): Promise<Answer<Row>> {
    const { resource, mapping } = this.rules;
    return this.run(
      context,
      operation,
      requestedInput(context, { id, ...(asked as JsonObject) }),
      async (writing, collected) => {
        const { tx, tenantId, now } = writing;
        const locked = await ownRow(tx, context, mapping, await lockRow(tx, mapping, tenantId, id));
        const before = requireRevision(locked, resource, id, ifRevision);
        const changes = toChanges(before);
        const derived = (await this.rules.derive?.(before, changes, writing)) ?? changes;
        const next = changed<Row>(before, derived, now);
        if (next === undefined) return { answer: before, replayed: this.rules.isRepeated?.(before, changes) ?? false };
        this.rules.require?.(before, next);
        requireStillOwn(context, mapping, before, next);
        const stamps = this.stamps(now);
        // An update may say itself when the resource was last changed.
        const dated = Object.keys(stamps).filter(
          (name) => name !== 'updatedAt' && canonicalJson(next[name]) !== canonicalJson(before[name]),
        );
        const after: Row = {
          ...next,
          ...stamps,
          ...Object.fromEntries(dated.map((name) => [name, next[name] ?? null])),
        };
        this.dependencies.extensions.check(after);
        collected.replace(mapping, after, [...Object.keys(derived), ...Object.keys(stamps)]);
        for (const change of this.changesOf(before, after)) collected.emit(mapping, change, after);
        return { answer: after };
      },
    );
  }

  private changesOf(before: Row, after: Row): ChangeOf<Name>[] {
    const changes = [
      ...(kindsOfChange(before, after, this.rules) as ChangeOf<Name>[]),
      ...(this.rules.furtherEvents?.(before, after) ?? []),
    ];
    // An update of lastUpdate alone is a change of an attribute, too.
    return changes.length > 0 ? changes : ['AttributeValueChange' as ChangeOf<Name>];
  }

  /** Deletes a resource and answers its id. Throws as an update does, and what the resource refuses. */
  delete(context: WriteContext, id: string, ifRevision?: number): Promise<Answer<{ id: string }>> {
    const { resource, mapping } = this.rules;
    return this.run(context, this.operation('delete'), { id }, async (writing, changes) => {
      const { tx, tenantId } = writing;
      const locked = await ownRow(tx, context, mapping, await lockRow(tx, mapping, tenantId, id));
      const before = requireRevision(locked, resource, id, ifRevision);
      await this.rules.release?.(before, writing, changes);
      changes.delete(mapping, before);
      return { answer: { id } };
    });
  }

  /** One command: the work collects its changes, which are written with their events and the answer under the key. */
  protected run<Json extends JsonObject>(
    context: WriteContext,
    operation: string,
    input: JsonObject,
    work: (writing: Writing, changes: ResourceChanges) => Promise<Done<Json> | { refusal: Refusal }>,
  ): Promise<Answer<Json>> {
    const { tenantId, guard } = context;
    const idempotency = idempotencyOf(context, operation, input);
    return runCommand(this.database, this.dependencies.clock, { ...context, idempotency }, async (tx, now) => {
      const writing = { tx, tenantId, now, ...(guard && { guard }) };
      const changes = new ResourceChanges(writing, this.dependencies.nextId);
      const done = await work(writing, changes);
      return 'refusal' in done ? done : { ...done, events: await changes.flushRows() };
    });
  }

  /** A creation without the state that it would begin in anyway. */
  private asked(input: Input): Input {
    const { begins } = this.rules;
    if (begins === undefined) return input;
    const { [begins.attribute]: state, ...others } = input as Record<string, unknown>;
    if (typeof state === 'string' && !begins.allowed.includes(state))
      throw invalid(begins.attribute, `must at first be ${begins.allowed.join(' or ')}: '${abbreviated(state)}'`);
    return others as Input;
  }

  /** `create`: createBillCycle. */
  protected operation(verb: string): string {
    return `${verb}${upperFirst(this.rules.resource)}`;
  }

  /** updatedAt and, where the resource has it, lastUpdate: when it was last changed. */
  private stamps(now: Date): Record<string, string> {
    const names = Object.hasOwn(this.rules.mapping.attributes, 'lastUpdate')
      ? ['updatedAt', 'lastUpdate']
      : ['updatedAt'];
    return Object.fromEntries(names.map((name) => [name, now.toISOString()]));
  }
}
