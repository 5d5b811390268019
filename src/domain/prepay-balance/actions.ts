import type { Database, Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { canonicalJson, toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import { runCommand, type Answer } from '../../platform/write/command.js';
import { answerOf, idempotencyOf, type Idempotency } from '../../platform/write/idempotency.js';
import { hideRow, lockRow, readRows, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changed, requestedInput, requireRevision, type Change, type WriteContext } from '../changes.js';
import { mapNamingElement, invalid } from '../input.js';
import { requireTransition } from '../transitions.js';
import type { BalanceRequest, BalanceDependencies } from './unit-of-work/apply.js';
import { awaitsPayment } from './decide/awaited.js';
import type { ActionKind, Amount, BalanceCommand, CreateCommand, PaymentCommand } from './command/commands.js';
import type { BalanceEngine } from './engine.js';
import { changeEvent } from './events.js';
import {
  appliedStatus,
  commitType,
  fromAdjustInput,
  fromCommitInput,
  fromReserveInput,
  fromTopupInput,
  fromTransferInput,
  liveStatus,
  publishedStatus,
  requireChannel,
  requireRelated,
  type ActionInput,
  type AdjustInput,
  type ReserveInput,
  type TopupInput,
  type TransferInput,
} from './command/inputs.js';
import { describingAttributes } from './command/attributes.js';
import { completed, revise } from './decide/revise.js';
import type { DueWork } from './due/due-work.js';
import { actionTransitions } from './transitions.js';

/** The balance actions of TMF654 as the transports call them. */
export class BalanceActions {
  constructor(
    private readonly database: Database,
    private readonly engine: BalanceEngine,
    private readonly dueWork: DueWork,
    private readonly dependencies: BalanceDependencies,
  ) {}

  topUp(context: WriteContext, input: TopupInput): Promise<Answer> {
    return this.submitOne(context, 'createTopupBalance', input, fromTopupInput(input));
  }

  topUpMany(context: WriteContext, inputs: readonly TopupInput[]): Promise<Answer> {
    return this.submitAll(context, 'createTopupBalances', inputs, fromTopupInput);
  }

  adjust(context: WriteContext, input: AdjustInput): Promise<Answer> {
    return this.submitOne(context, 'createAdjustBalance', input, fromAdjustInput(input));
  }

  adjustMany(context: WriteContext, inputs: readonly AdjustInput[]): Promise<Answer> {
    return this.submitAll(context, 'createAdjustBalances', inputs, fromAdjustInput);
  }

  reserve(context: WriteContext, input: ReserveInput): Promise<Answer> {
    return this.submitOne(context, 'createReserveBalance', input, fromReserveInput(input));
  }

  reserveMany(context: WriteContext, inputs: readonly ReserveInput[]): Promise<Answer> {
    return this.submitAll(context, 'createReserveBalances', inputs, fromReserveInput);
  }

  transfer(context: WriteContext, input: TransferInput): Promise<Answer> {
    return this.submitOne(context, 'createTransferBalance', input, fromTransferInput(input));
  }

  transferMany(context: WriteContext, inputs: readonly TransferInput[]): Promise<Answer> {
    return this.submitAll(context, 'createTransferBalances', inputs, fromTransferInput);
  }

  /** Consumes up to the reserved amount (all of it when none is given); the answer is the adjustBalance. */
  commit(
    context: WriteContext,
    reservationId: string,
    input: { amount?: Amount | null; reason?: string | null },
  ): Promise<Answer> {
    const adjust = { ...input, adjustType: commitType, reserveBalance: { id: reservationId } };
    // The same command as the adjustBalance that says it, so that a key stands for both.
    return this.submitOne(context, 'createAdjustBalance', adjust, fromCommitInput(reservationId, input));
  }

  /**
   * Ends an action as far as it can be undone: a reservation returns what it holds, a scheduled top-up will not
   * happen, a completed action is reversed. The answer is the cancelled action.
   */
  cancel(context: WriteContext, kind: ActionKind, { id, input, ifRevision }: Change): Promise<Answer> {
    const changes = toJsonObject(input);
    const command: BalanceCommand = { type: 'cancel', kind, actionId: id, changes, ifRevision };
    return this.submit(context, `cancel ${kind}`, { id, ...changes }, [command]);
  }

  private submitOne(context: WriteContext, operation: string, input: object, command: CreateCommand): Promise<Answer> {
    return this.submit(context, operation, requested(input, command), [command]);
  }

  /** Several actions that apply together or not at all; the answer is `{ items: [...] }`. */
  private submitAll<Input extends object>(
    context: WriteContext,
    operation: string,
    inputs: readonly Input[],
    toCommand: (input: Input) => CreateCommand,
  ): Promise<Answer> {
    const commands = mapNamingElement(inputs, toCommand);
    return this.submit(
      context,
      operation,
      { items: inputs.map((input, index) => requested(input, commands[index])) },
      commands,
      true,
    );
  }

  private async submit(
    context: WriteContext,
    operation: string,
    input: JsonObject,
    commands: readonly BalanceCommand[],
    isBulk = false,
  ): Promise<Answer> {
    const { extensions } = this.dependencies;
    for (const command of commands) extensions.check('attributes' in command ? command.attributes : {});
    const [first, ...others] = commands;
    if (first === undefined) return { answer: { items: [] }, replayed: false };
    return this.run(
      context.tenantId,
      [first, ...others],
      idempotencyOf(context.idempotencyKey, operation, requestedInput(context, input)),
      isBulk,
    );
  }

  private async run(
    tenantId: string,
    commands: BalanceRequest['commands'],
    idempotency: Idempotency | undefined,
    isBulk = false,
  ): Promise<Answer> {
    const result = await this.engine.submit(tenantId, { commands, isBulk, idempotency });
    if ('error' in result) throw result.error;
    return { answer: answerOf(result), replayed: result.replayed };
  }

  /** Changes what describes an action, what it will do as long as it is not applied, or its status: cancels it, or tells of its payment. */
  async update(context: WriteContext, kind: ActionKind, { input: said, ...which }: Change): Promise<Answer> {
    const change: Change = { ...which, input: inOurWords(kind, toJsonObject(said)) };
    const { status, ...named } = withoutRequiredNulls(kind, toJsonObject(change.input));
    if (status === null) throw invalid('status', 'cannot be removed');
    const changes = completed(named);
    requireChannel(changes['channel'] as ActionInput['channel']);
    requireRelated(changes['relatedTopupBalance'] as TopupInput['relatedTopupBalance']);
    if (status === 'cancelled') {
      await this.requireDescribing(context, kind, change.id, changes);
      return this.cancel(context, kind, { ...change, input: changes });
    }
    await this.dueWork.processIfDue(context.tenantId);
    const input = requestedInput(context, { id: change.id, ...toJsonObject(change.input) });
    const idempotency = idempotencyOf(context.idempotencyKey, `update ${kind}`, input);
    if ((status === 'completed' || status === 'failed') && (await this.isAwaited(context.tenantId, kind, change.id))) {
      const command: PaymentCommand = {
        type: 'payment',
        kind,
        actionId: change.id,
        outcome: status,
        changes,
        ifRevision: change.ifRevision,
      };
      return this.run(context.tenantId, [command], idempotency);
    }
    return runCommand(
      this.database,
      this.dependencies.clock,
      { tenantId: context.tenantId, idempotency },
      async (tx, now) => {
        const before = await this.lock(tx, context.tenantId, kind, change.id, change.ifRevision);
        if (typeof status === 'string') {
          requireTransition(actionTransitions, `${kind} '${change.id}'`, String(before['status']), status);
        }
        const set = revise(kind, before, changes, now, this.dependencies.timeZone);
        const after = changed(before, set, now);
        if (after === undefined) return { answer: before, events: [] };
        this.dependencies.extensions.check(after);
        await writeAll(tx, [updateRows(this.dependencies.mappings[kind], context.tenantId, Object.keys(set), [after])]);
        return {
          answer: after,
          events: [changeEvent(kind, 'AttributeValueChange', after, now, this.dependencies.nextId)],
        };
      },
    );
  }

  /** Takes an ended action out of what is read; it is kept for those who audit, and its ledger entries name it. */
  async delete(context: WriteContext, kind: ActionKind, id: string, ifRevision?: number): Promise<Answer> {
    await this.dueWork.processIfDue(context.tenantId);
    const idempotency = idempotencyOf(context.idempotencyKey, `delete ${kind}`, { id });
    return runCommand(
      this.database,
      this.dependencies.clock,
      { tenantId: context.tenantId, idempotency },
      async (tx, now) => {
        const before = await this.lock(tx, context.tenantId, kind, id, ifRevision);
        if (before['status'] === 'created') {
          throw new DomainError('CONFLICT', `${kind} '${id}' is still live: cancel it before deleting it`);
        }
        await writeAll(tx, [
          hideRow(this.dependencies.mappings[kind], context.tenantId, id, { at: now, by: context.principalId }),
        ]);
        return { answer: { id }, events: [changeEvent(kind, 'Delete', before, now, this.dependencies.nextId)] };
      },
    );
  }

  private async isAwaited(tenantId: string, kind: ActionKind, id: string): Promise<boolean> {
    const row = (await readRows(this.database, this.dependencies.mappings[kind], tenantId, [id])).get(id);
    return row !== undefined && awaitsPayment(row);
  }

  /** With its end, an action changes only in what describes it; what is sent back as it was read is no change. */
  private async requireDescribing(
    { tenantId }: WriteContext,
    kind: ActionKind,
    id: string,
    changes: JsonObject,
  ): Promise<void> {
    const named = Object.keys(changes).filter((attribute) => !describingAttributes[kind].includes(attribute));
    if (named.length === 0) return;
    const row = (await readRows(this.database, this.dependencies.mappings[kind], tenantId, [id])).get(id) ?? {};
    for (const name of named) {
      if (canonicalJson(changes[name] ?? null) !== canonicalJson(row[name] ?? null))
        throw invalid(name, 'cannot be changed together with the status');
      delete changes[name];
    }
  }

  private async lock(
    tx: Transaction,
    tenantId: string,
    kind: ActionKind,
    id: string,
    ifRevision?: number,
  ): Promise<JsonObject> {
    return requireRevision(await lockRow(tx, this.dependencies.mappings[kind], tenantId, id), kind, id, ifRevision);
  }
}

/** What a key stands for: a status that the server sets anyway is not part of it, so that who leaves it out asks for the same. */
function requested(input: object, command: CreateCommand | undefined): JsonObject {
  const { status: _, ...others } = withoutNulls(toJsonObject(input));
  const isAwaited = command !== undefined && 'awaitsPayment' in command && command.awaitsPayment === true;
  return isAwaited ? { ...others, status: liveStatus } : others;
}

/** The published word for an action that was taken means what the server made of it. */
function inOurWords(kind: ActionKind, input: JsonObject): JsonObject {
  if (input['status'] !== publishedStatus) return input;
  return { ...input, status: kind === 'reserveBalance' ? liveStatus : appliedStatus };
}

/** A reservation always answers its parties, be there none (conformance kit): removing them leaves an empty list. */
function withoutRequiredNulls(kind: ActionKind, changes: JsonObject): JsonObject {
  return kind === 'reserveBalance' && changes['relatedParty'] === null ? { ...changes, relatedParty: [] } : changes;
}
