import type { Clock } from '../platform/clock.js';
import type { Database, Transaction } from '../platform/database/database.js';
import { shown } from '../platform/errors.js';
import type { ExtensionSchemas } from '../platform/extension-schemas.js';
import type { IdSource } from '../platform/ids.js';
import { canonicalJson, toPlainObject, withoutNulls, type Plain } from '../platform/plain.js';
import type { Shape } from '../platform/read/shape.js';
import { runCommand, type Answer, type CommandResult } from '../platform/write/command.js';
import { idempotencyOf } from '../platform/write/idempotency.js';
import { deleteRow, insertRows, lockRow, updateRows } from '../platform/write/rows.js';
import { writeAll } from '../platform/write/write-all.js';
import { changed, requestedInput, requireRevision, type Change, type WriteContext } from './changes.js';
import { changeEvent, kindsOfChange } from './events.js';
import { eachOf, inElement, invalid } from './input.js';

export interface WriterTools {
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
  readonly shape: Shape;
  /** The attribute whose change is a StateChange, and those that change with it. */
  readonly state?: string;
  readonly followsState?: readonly string[];
  /** Attributes that tell when it was last changed, unless an update says another time. */
  readonly stamps?: readonly string[];
  /** The state in which each begins, and those that a creation may say: they are no part of what is asked. Any other is refused, not ignored. */
  readonly begins?: { readonly attribute: string; readonly allowed: readonly string[] };
  /** A creation by itself: checked, and without what is null. */
  fromInput(input: Input): Plain;
  /** The changes of an update by themselves: checked; null removes. Absent: clients change nothing. */
  fromChange?(input: Input): Plain;
  /** The new resource, by what the database knows. */
  complete?(given: Plain, writing: Writing): Promise<Plain>;
  /** What an update comes to, by what there is. */
  derive?(before: Plain, changes: Plain, writing: Writing): Plain | Promise<Plain>;
  /** Whether an update that changes nothing repeats what an earlier request did. */
  isRepeated?(before: Plain, changes: Plain): boolean;
  /** Events of its own that an update is, beside those of its state and its attributes. */
  tells?(before: Plain, after: Plain): readonly string[];
  /** Refuses a resource that an update made differ. */
  require?(before: Plain, after: Plain): void;
  /** Refuses a deletion, or undoes what hangs on the resource. */
  release?(row: Plain, writing: Writing): void | Promise<void>;
}

/** The steps that the writing of every plain resource shares: one transaction, one version and its events each. */
export class ResourceWriter<Input extends object> {
  constructor(
    protected readonly database: Database,
    private readonly tools: WriterTools,
    private readonly rules: Rules<Input>,
  ) {}

  async create(context: WriteContext, said: Input): Promise<Answer> {
    const input = this.asked(said);
    const { answer, replayed } = await this.insert(
      context,
      this.operation('create'),
      withoutNulls(toPlainObject(input)),
      [this.rules.fromInput(input)],
    );
    const [row] = answer['items'] as Plain[];
    return { answer: row as Plain, replayed };
  }

  /** Several, all or none; the answer is `{ items: [...] }`. */
  async createMany(context: WriteContext, said: readonly Input[]): Promise<Answer> {
    const inputs = eachOf(said, (input) => this.asked(input));
    const items = inputs.map((input) => withoutNulls(toPlainObject(input)));
    return this.insert(
      context,
      `${this.operation('create')}s`,
      { items },
      eachOf(inputs, (input) => this.rules.fromInput(input)),
      true,
    );
  }

  private insert(
    context: WriteContext,
    operation: string,
    input: Plain,
    given: readonly Plain[],
    isBulk = false,
  ): Promise<Answer> {
    const { resource, shape } = this.rules;
    return this.run(context, operation, input, async (writing) => {
      const rows: Plain[] = [];
      for (const [index, data] of given.entries()) {
        try {
          rows.push(await this.newRow(data, writing));
        } catch (error) {
          throw isBulk ? inElement(error, index) : error;
        }
      }
      await writeAll(writing.tx, [insertRows(shape, writing.tenantId, rows)]);
      return {
        answer: { items: rows },
        events: rows.map((row) => changeEvent(resource, 'Create', row, writing.now, this.tools.nextId)),
      };
    });
  }

  private async newRow(given: Plain, writing: Writing): Promise<Plain> {
    const identified = { ...given, ...this.stamps(writing.now), id: this.tools.nextId(writing.now), revision: 1 };
    const row = withoutNulls((await this.rules.complete?.(identified, writing)) ?? identified);
    this.tools.extensions.check(row);
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
    said: Plain,
    toChanges: (before: Plain) => Plain,
  ): Promise<Answer> {
    const { resource, shape, state, followsState, stamps = [] } = this.rules;
    return this.run(context, operation, requestedInput(context, { id, ...said }), async (writing) => {
      const { tx, tenantId, now } = writing;
      const before = requireRevision(await lockRow(tx, shape, tenantId, id), resource, id, ifRevision);
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
      this.tools.extensions.check(after);
      await writeAll(tx, [updateRows(shape, tenantId, [...Object.keys(derived), ...stamps], [after])]);
      const kinds = [
        ...kindsOfChange(before, after, state, followsState),
        ...(this.rules.tells?.(before, after) ?? []),
      ];
      // To say when it was updated is a change of an attribute, which nobody else tells of.
      if (kinds.length === 0) kinds.push('AttributeValueChange');
      return { answer: after, events: kinds.map((kind) => changeEvent(resource, kind, after, now, this.tools.nextId)) };
    });
  }

  delete(context: WriteContext, id: string, ifRevision?: number): Promise<Answer> {
    const { resource, shape } = this.rules;
    return this.run(context, this.operation('delete'), { id }, async (writing) => {
      const { tx, tenantId, now } = writing;
      const before = requireRevision(await lockRow(tx, shape, tenantId, id), resource, id, ifRevision);
      await this.rules.release?.(before, writing);
      await writeAll(tx, [deleteRow(shape, tenantId, id)]);
      return { answer: { id }, events: [changeEvent(resource, 'Delete', before, now, this.tools.nextId)] };
    });
  }

  private run(
    context: WriteContext,
    operation: string,
    input: Plain,
    work: (writing: Writing) => Promise<CommandResult>,
  ): Promise<Answer> {
    const { tenantId } = context;
    const idempotency = idempotencyOf(context.idempotencyKey, operation, input);
    return runCommand(this.database, this.tools.clock, { tenantId, idempotency }, (tx, now) =>
      work({ tx, tenantId, now }),
    );
  }

  /** A creation without the state that it would begin in anyway. */
  private asked(input: Input): Input {
    const { begins } = this.rules;
    if (begins === undefined) return input;
    const { [begins.attribute]: state, ...others } = input as Record<string, unknown>;
    if (typeof state === 'string' && !begins.allowed.includes(state))
      throw invalid(begins.attribute, `must at first be ${begins.allowed.join(' or ')}: '${shown(state)}'`);
    return others as Input;
  }

  private operation(verb: string): string {
    const { resource } = this.rules;
    return `${verb}${resource.charAt(0).toUpperCase()}${resource.slice(1)}`;
  }

  private stamps(now: Date): Plain {
    return Object.fromEntries(['updatedAt', ...(this.rules.stamps ?? [])].map((name) => [name, now.toISOString()]));
  }
}
