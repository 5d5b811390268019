import type { Database, Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { toPlainObject, withoutNulls, type Plain } from '../../platform/plain.js';
import { runCommand, type Answer } from '../../platform/write/command.js';
import { answerOf, idempotencyOf } from '../../platform/write/idempotency.js';
import { deleteRow, lockRow, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changed, requestedInput, requireRevision, type Change, type WriteContext } from '../changes.js';
import { eachOf } from '../input.js';
import { requireTransition } from '../transitions.js';
import type { BalanceTools } from './apply.js';
import type { ActionKind, Amount, BalanceCommand } from './commands.js';
import type { BalanceEngine } from './engine.js';
import { changeEvent } from './events.js';
import {
  commitType,
  fromAdjustInput,
  fromCommitInput,
  fromReserveInput,
  fromTopupInput,
  fromTransferInput,
  requireChannel,
  requireRelated,
  type ActionInput,
  type AdjustInput,
  type ReserveInput,
  type TopupInput,
  type TransferInput,
} from './inputs.js';
import { reschedule } from './reschedule.js';
import type { Settler } from './settler.js';
import { actionTransitions } from './transitions.js';

const describing = ['description', 'reason', 'channel', 'relatedParty', 'requestor', 'atType', 'atBaseType', 'atSchemaLocation', 'extension'];

/** What a PATCH may change beside the status (DESIGN §12): never amounts, buckets or other locators. */
export const patchableAttributes: Readonly<Record<ActionKind, readonly string[]>> = {
  topupBalance: [...describing, 'voucher', 'payment', 'paymentMethod', 'isAutoTopup', 'relatedTopupBalance'],
  adjustBalance: describing,
  reserveBalance: describing,
  transferBalance: describing,
};

/** The balance actions of TMF654 as the doors call them. */
export class BalanceActions {
  constructor(
    private readonly database: Database,
    private readonly engine: BalanceEngine,
    private readonly settler: Settler,
    private readonly tools: BalanceTools,
  ) {}

  topUp(context: WriteContext, input: TopupInput): Promise<Answer> {
    return this.submit(context, 'createTopupBalance', withoutNulls(toPlainObject(input)), [fromTopupInput(input)]);
  }

  topUpMany(context: WriteContext, inputs: readonly TopupInput[]): Promise<Answer> {
    return this.submitAll(context, 'createTopupBalances', inputs, fromTopupInput);
  }

  adjust(context: WriteContext, input: AdjustInput): Promise<Answer> {
    return this.submit(context, 'createAdjustBalance', withoutNulls(toPlainObject(input)), [fromAdjustInput(input)]);
  }

  adjustMany(context: WriteContext, inputs: readonly AdjustInput[]): Promise<Answer> {
    return this.submitAll(context, 'createAdjustBalances', inputs, fromAdjustInput);
  }

  reserve(context: WriteContext, input: ReserveInput): Promise<Answer> {
    return this.submit(context, 'createReserveBalance', withoutNulls(toPlainObject(input)), [fromReserveInput(input)]);
  }

  reserveMany(context: WriteContext, inputs: readonly ReserveInput[]): Promise<Answer> {
    return this.submitAll(context, 'createReserveBalances', inputs, fromReserveInput);
  }

  transfer(context: WriteContext, input: TransferInput): Promise<Answer> {
    return this.submit(context, 'createTransferBalance', withoutNulls(toPlainObject(input)), [fromTransferInput(input)]);
  }

  transferMany(context: WriteContext, inputs: readonly TransferInput[]): Promise<Answer> {
    return this.submitAll(context, 'createTransferBalances', inputs, fromTransferInput);
  }

  /** Consumes up to the reserved amount (all of it when none is given); the answer is the adjustBalance. */
  commit(context: WriteContext, reservationId: string, input: { amount?: Amount | null; reason?: string | null }): Promise<Answer> {
    const adjust = { ...input, adjustType: commitType, reserveBalance: { id: reservationId } };
    // The same command as the adjustBalance that says it, so that a key stands for both.
    return this.submit(context, 'createAdjustBalance', withoutNulls(toPlainObject(adjust)), [fromCommitInput(reservationId, input)]);
  }

  /**
   * Ends an action as far as it can be undone: a reservation returns what it holds, a scheduled top-up will not
   * happen, a completed action is reversed. The answer is the cancelled action.
   */
  cancel(context: WriteContext, kind: ActionKind, { id, input, ifRevision }: Change): Promise<Answer> {
    const changes = toPlainObject(input);
    const command: BalanceCommand = { type: 'cancel', kind, actionId: id, changes, ifRevision };
    return this.submit(context, `cancel ${kind}`, { id, ...changes }, [command]);
  }

  /** Several actions that apply together or not at all; the answer is `{ items: [...] }`. */
  private submitAll<Input extends object>(
    context: WriteContext,
    operation: string,
    inputs: readonly Input[],
    toCommand: (input: Input) => BalanceCommand,
  ): Promise<Answer> {
    const commands = eachOf(inputs, toCommand);
    return this.submit(context, operation, { items: inputs.map((input) => withoutNulls(toPlainObject(input))) }, commands, true);
  }

  private async submit(
    context: WriteContext,
    operation: string,
    input: Plain,
    commands: readonly BalanceCommand[],
    isBulk = false,
  ): Promise<Answer> {
    const { extensions } = this.tools;
    for (const command of commands) extensions.check('attributes' in command ? command.attributes : {});
    const [first, ...others] = commands;
    if (first === undefined) return { answer: { items: [] }, replayed: false };
    const idempotency = idempotencyOf(context.idempotencyKey, operation, requestedInput(context, input));
    const result = await this.engine.submit(context.tenantId, { commands: [first, ...others], isBulk, idempotency });
    if ('error' in result) throw result.error;
    return { answer: answerOf(result), replayed: result.replayed };
  }

  /** Changes descriptive attributes, what a scheduled top-up waits for, or cancels. */
  async update(context: WriteContext, kind: ActionKind, change: Change): Promise<Answer> {
    const { status, ...changes } = withoutRequiredNulls(kind, toPlainObject(change.input));
    requireChannel(changes['channel'] as ActionInput['channel']);
    requireRelated(changes['relatedTopupBalance'] as TopupInput['relatedTopupBalance']);
    if (status === 'cancelled') {
      requireDescribing(kind, changes);
      return this.cancel(context, kind, { ...change, input: changes });
    }
    await this.settler.settleIfDue(context.tenantId);
    const input = requestedInput(context, { id: change.id, ...toPlainObject(change.input) });
    const idempotency = idempotencyOf(context.idempotencyKey, `update ${kind}`, input);
    return runCommand(this.database, this.tools.clock, { tenantId: context.tenantId, idempotency }, async (tx, now) => {
      const before = await this.lock(tx, context.tenantId, kind, change.id, change.ifRevision);
      if (typeof status === 'string') {
        requireTransition(actionTransitions, `${kind} '${change.id}'`, String(before['status']), status);
      }
      const set = kind === 'topupBalance' ? reschedule(before, changes, now, this.tools.timeZone) : changes;
      const after = changed(before, set, now);
      if (after === undefined) return { answer: before, events: [] };
      this.tools.extensions.check(after);
      await writeAll(tx, [updateRows(this.tools.shapes[kind], context.tenantId, Object.keys(set), [after])]);
      return { answer: after, events: [changeEvent(kind, 'AttributeValueChange', after, now, this.tools.nextId)] };
    });
  }

  /** Takes an ended action out of the lists; its ledger entries stay (DESIGN §8). */
  async delete(context: WriteContext, kind: ActionKind, id: string): Promise<Answer> {
    await this.settler.settleIfDue(context.tenantId);
    const idempotency = idempotencyOf(context.idempotencyKey, `delete ${kind}`, { id });
    return runCommand(this.database, this.tools.clock, { tenantId: context.tenantId, idempotency }, async (tx, now) => {
      const before = await this.lock(tx, context.tenantId, kind, id);
      if (before['status'] === 'created') {
        throw new DomainError('CONFLICT', `${kind} '${id}' is still live: cancel it before deleting it`);
      }
      await writeAll(tx, [deleteRow(this.tools.shapes[kind], context.tenantId, id)]);
      return { answer: { id }, events: [changeEvent(kind, 'Delete', before, now, this.tools.nextId)] };
    });
  }

  private async lock(tx: Transaction, tenantId: string, kind: ActionKind, id: string, ifRevision?: number): Promise<Plain> {
    return requireRevision(await lockRow(tx, this.tools.shapes[kind], tenantId, id), kind, id, ifRevision);
  }
}

/** With its end, an action changes only in what describes it. */
function requireDescribing(kind: ActionKind, changes: Plain): void {
  const [name] = Object.keys(changes).filter((attribute) => !patchableAttributes[kind].includes(attribute));
  if (name) throw new DomainError('INVALID_ATTRIBUTE', `${name} cannot be changed together with the status`, { path: name });
}

/** A reservation always answers its parties, be there none (conformance kit): removing them leaves an empty list. */
function withoutRequiredNulls(kind: ActionKind, changes: Plain): Plain {
  return kind === 'reserveBalance' && changes['relatedParty'] === null ? { ...changes, relatedParty: [] } : changes;
}
