import type { Clock } from '../platform/clock.js';
import type { Database, Transaction } from '../platform/database/database.js';
import { abbreviated } from '../platform/errors.js';
import type { ExtensionSchemas } from '../platform/extension-schemas.js';
import type { IdSource } from '../platform/ids.js';
import { canonicalJson, toJsonObject, withoutNulls, type JsonObject } from '../platform/json-object.js';
import type { ResourceMapping } from '../platform/read/resource-mapping.js';
import { runCommand, type Answer, type CommandResult } from '../platform/write/command.js';
import { idempotencyOf } from '../platform/write/idempotency.js';
import { deleteRow, insertRows, lockRow, updateRows } from '../platform/write/rows.js';
import { writeAll } from '../platform/write/write-all.js';
import { changed, requestedInput, requireRevision, type Change, type WriteContext } from './changes.js';
import { changeEvent, kindsOfChange } from './events.js';
import { mapNamingElement, inElement, invalid } from './input.js';

export interface WriterDependencies {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
}

/** A transaction that writes for one tenant, and its time. */
export interface Writing {
  readonly tx: Transaction;
  readonly tenantId: string;
  readonly now: Date;
}

/** What is particular to a resource: what it refuses, and what it says beside what it was told. */
export interface Rules<Input extends object> {
  /** As its events and operations have it, e.g. billCycle. */
  readonly resource: string;
  readonly mapping: ResourceMapping;
  /** The attribute whose change is a StateChange, and those that change with it. */
  readonly state?: string;
  readonly followsState?: readonly string[];
  /** Attributes that tell when it was last changed, unless an update says another time. */
  readonly stamps?: readonly string[];
  /** The state in which each begins, and those that a creation may say: they are no part of what is asked. Any other is refused, not ignored. */
  readonly begins?: { readonly attribute: string; readonly allowed: readonly string[] };
  /** A creation by itself: checked, and without what is null. */
  fromInput(input: Input): JsonObject;
  /** The changes of an update by themselves: checked; null removes. Absent: clients change nothing. */
  fromChange?(input: Input): JsonObject;
  /** The new resource, by what the database knows. */
  complete?(given: JsonObject, writing: Writing): Promise<JsonObject>;
  /** What an update comes to, by what there is. */
  derive?(before: JsonObject, changes: JsonObject, writing: Writing): JsonObject | Promise<JsonObject>;
  /** Whether an update that changes nothing repeats what an earlier request did. */
  isRepeated?(before: JsonObject, changes: JsonObject): boolean;
  /** Events of its own that an update is, beside those of its state and its attributes. */
  tells?(before: JsonObject, after: JsonObject): readonly string[];
  /** Refuses a resource that an update made differ. */
  require?(before: JsonObject, after: JsonObject): void;
  /** Refuses a deletion, or undoes what hangs on the resource. */
  release?(row: JsonObject, writing: Writing): void | Promise<void>;
}

/** The steps that the writing of every plain resource shares: one transaction, one version and its events each. */
export class ResourceWriter<Input extends object> {
  constructor(
    protected readonly database: Database,
    private readonly dependencies: WriterDependencies,
    private readonly rules: Rules<Input>,
  ) {}

  async create(context: WriteContext, said: Input): Promise<Answer> {
    const input = this.asked(said);
    const { answer, replayed } = await this.insert(
      context,
      this.operation('create'),
      withoutNulls(toJsonObject(input)),
      [this.rules.fromInput(input)],
    );
    const [row] = answer['items'] as JsonObject[];
    return { answer: row as JsonObject, replayed };
  }

  /** Several, all or none; the answer is `{ items: [...] }`. */
  async createMany(context: WriteContext, said: readonly Input[]): Promise<Answer> {
    const inputs = mapNamingElement(said, (input) => this.asked(input));
    const items = inputs.map((input) => withoutNulls(toJsonObject(input)));
    return this.insert(
      context,
      `${this.operation('create')}s`,
      { items },
      mapNamingElement(inputs, (input) => this.rules.fromInput(input)),
      true,
    );
  }

  private insert(
    context: WriteContext,
    operation: string,
    input: JsonObject,
    given: readonly JsonObject[],
    isBulk = false,
  ): Promise<Answer> {
    const { resource, mapping } = this.rules;
    return this.run(context, operation, input, async (writing) => {
      const rows: JsonObject[] = [];
      for (const [index, data] of given.entries()) {
        try {
          rows.push(await this.newRow(data, writing));
        } catch (error) {
          throw isBulk ? inElement(error, index) : error;
        }
      }
      await writeAll(writing.tx, [insertRows(mapping, writing.tenantId, rows)]);
      return {
        answer: { items: rows },
        events: rows.map((row) => changeEvent(resource, 'Create', row, writing.now, this.dependencies.nextId)),
      };
    });
  }

  private async newRow(given: JsonObject, writing: Writing): Promise<JsonObject> {
    const identified = {
      ...given,
      ...this.stamps(writing.now),
      id: this.dependencies.nextId(writing.now),
      revision: 1,
    };
    const row = withoutNulls((await this.rules.complete?.(identified, writing)) ?? identified);
    this.dependencies.extensions.check(row);
    return row;
  }

  update(context: WriteContext, { input, ...which }: Change): Promise<Answer> {
    const { resource, fromChange } = this.rules;
    if (fromChange === undefined) throw new Error(`no client changes a ${resource}`);
    const changes = fromChange(input as Input);
    return this.change(context, this.operation('update'), which, changes, () => changes);
  }

  /** A change that is said in other words than the new values of attributes. */
  change(
    context: WriteContext,
    operation: string,
    { id, ifRevision }: Pick<Change, 'id' | 'ifRevision'>,
    said: JsonObject,
    toChanges: (before: JsonObject) => JsonObject,
  ): Promise<Answer> {
    const { resource, mapping, state, followsState, stamps = [] } = this.rules;
    return this.run(context, operation, requestedInput(context, { id, ...said }), async (writing) => {
      const { tx, tenantId, now } = writing;
      const before = requireRevision(await lockRow(tx, mapping, tenantId, id), resource, id, ifRevision);
      const changes = toChanges(before);
      const derived = (await this.rules.derive?.(before, changes, writing)) ?? changes;
      const next = changed(before, derived, now);
      if (next === undefined)
        return { answer: before, events: [], replayed: this.rules.isRepeated?.(before, changes) ?? false };
      this.rules.require?.(before, next);
      const dated = Object.fromEntries(
        stamps.flatMap((name) =>
          canonicalJson(next[name]) === canonicalJson(before[name]) ? [] : [[name, next[name] ?? null]],
        ),
      );
      const after = { ...next, ...this.stamps(now), ...dated };
      this.dependencies.extensions.check(after);
      await writeAll(tx, [updateRows(mapping, tenantId, [...Object.keys(derived), ...stamps], [after])]);
      const kinds = [
        ...kindsOfChange(before, after, state, followsState),
        ...(this.rules.tells?.(before, after) ?? []),
      ];
      // To say when it was updated is a change of an attribute, which nobody else tells of.
      if (kinds.length === 0) kinds.push('AttributeValueChange');
      return {
        answer: after,
        events: kinds.map((kind) => changeEvent(resource, kind, after, now, this.dependencies.nextId)),
      };
    });
  }

  delete(context: WriteContext, id: string, ifRevision?: number): Promise<Answer> {
    const { resource, mapping } = this.rules;
    return this.run(context, this.operation('delete'), { id }, async (writing) => {
      const { tx, tenantId, now } = writing;
      const before = requireRevision(await lockRow(tx, mapping, tenantId, id), resource, id, ifRevision);
      await this.rules.release?.(before, writing);
      await writeAll(tx, [deleteRow(mapping, tenantId, id)]);
      return { answer: { id }, events: [changeEvent(resource, 'Delete', before, now, this.dependencies.nextId)] };
    });
  }

  private run(
    context: WriteContext,
    operation: string,
    input: JsonObject,
    work: (writing: Writing) => Promise<CommandResult>,
  ): Promise<Answer> {
    const { tenantId } = context;
    const idempotency = idempotencyOf(context.idempotencyKey, operation, input);
    return runCommand(this.database, this.dependencies.clock, { tenantId, idempotency }, (tx, now) =>
      work({ tx, tenantId, now }),
    );
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

  private operation(verb: string): string {
    const { resource } = this.rules;
    return `${verb}${resource.charAt(0).toUpperCase()}${resource.slice(1)}`;
  }

  private stamps(now: Date): JsonObject {
    return Object.fromEntries(['updatedAt', ...(this.rules.stamps ?? [])].map((name) => [name, now.toISOString()]));
  }
}
