import type { Database, Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { canonicalJson, toJsonForm, toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { runCommand, type Answer } from '../../platform/write/command.js';
import { idempotencyOf } from '../../platform/write/idempotency.js';
import { hideRow, lockRow, readRows, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import {
  changed,
  namesOf,
  ownRow,
  requestedInput,
  requireRevision,
  type Change,
  type WriteContext,
} from '../changes.js';
import { Names, writesOfNames } from '../customer-directory/index.js';
import { mapNamingElement, invalid } from '../input.js';
import { requireTransition } from '../transitions.js';
import { describingAttributes } from './command/attributes.js';
import type { BalanceCommand, CreateCommand } from './command/commands.js';
import { completeLogicalResources } from './command/input-parts.js';
import {
  commitType,
  fromAdjustInput,
  fromCommitInput,
  fromReserveInput,
  fromTopupInput,
  fromTransferInput,
  requireChannel,
  requireRelated,
  type ActionUpdateInput,
  type AdjustInput,
  type ReserveInput,
  type TopupInput,
  type TransferInput,
} from './command/inputs.js';
import { isAwaitingPayment } from './decide/awaited.js';
import { revise } from './decide/revise.js';
import type { BalanceDependencies } from './dependencies.js';
import type { DueWork } from './due/due-work.js';
import type { BalanceEngine } from './engine.js';
import { changeEvent } from '../events.js';
import type { ActionChanges, ActionKind, Amount, BalanceActionRow } from './model.js';
import { deleteLinks, insertLinks, newLinks } from './store/link.store.js';
import { actionTransitions, liveStatus } from './transitions.js';

/** A change of an action; null removes. */
type ActionChange = Change & { readonly input: ActionUpdateInput };

/**
 * The balance actions of TMF654. Each function returns the action as it then is; a key repeats the first answer. Each throws
 * DomainError for invalid input and for a refusal, which names the failed action that records it. The texts of `operation` are
 * part of stored fingerprints (idempotencyOf): they stay as they are, whatever the functions are called.
 */
export class BalanceActions {
  constructor(
    private readonly database: Database,
    private readonly engine: BalanceEngine,
    private readonly dueWork: DueWork,
    private readonly dependencies: BalanceDependencies,
  ) {}

  /** Credits a bucket, now or later. */
  topUp(context: WriteContext, input: TopupInput): Promise<Answer> {
    const command = fromTopupInput(input);
    return this.engine.submit(context, {
      operation: 'createTopupBalance',
      input: requested(input, command),
      commands: [command],
    });
  }

  topUpMany(context: WriteContext, inputs: readonly TopupInput[]): Promise<Answer> {
    return this.submitTogether(context, 'createTopupBalances', inputs, mapNamingElement(inputs, fromTopupInput));
  }

  /** Credits or debits, or commits a reservation. */
  adjust(context: WriteContext, input: AdjustInput): Promise<Answer> {
    const command = fromAdjustInput(input);
    return this.engine.submit(context, {
      operation: 'createAdjustBalance',
      input: requested(input, command),
      commands: [command],
    });
  }

  adjustMany(context: WriteContext, inputs: readonly AdjustInput[]): Promise<Answer> {
    return this.submitTogether(context, 'createAdjustBalances', inputs, mapNamingElement(inputs, fromAdjustInput));
  }

  /** Holds an amount in one bucket or several. */
  reserve(context: WriteContext, input: ReserveInput): Promise<Answer> {
    const command = fromReserveInput(input);
    return this.engine.submit(context, {
      operation: 'createReserveBalance',
      input: requested(input, command),
      commands: [command],
    });
  }

  reserveMany(context: WriteContext, inputs: readonly ReserveInput[]): Promise<Answer> {
    return this.submitTogether(context, 'createReserveBalances', inputs, mapNamingElement(inputs, fromReserveInput));
  }

  /** Moves an amount to another bucket. */
  transfer(context: WriteContext, input: TransferInput): Promise<Answer> {
    const command = fromTransferInput(input);
    return this.engine.submit(context, {
      operation: 'createTransferBalance',
      input: requested(input, command),
      commands: [command],
    });
  }

  transferMany(context: WriteContext, inputs: readonly TransferInput[]): Promise<Answer> {
    return this.submitTogether(context, 'createTransferBalances', inputs, mapNamingElement(inputs, fromTransferInput));
  }

  /** Consumes up to the reserved amount (all of it when none is given); the answer is the adjustBalance. */
  commit(
    context: WriteContext,
    reservationId: string,
    input: { amount?: Amount | null; reason?: string | null },
  ): Promise<Answer> {
    const command = fromCommitInput(reservationId, input);
    // The same request as the adjustBalance that says it, so that a key stands for both.
    const adjust = { ...input, adjustType: commitType, reserveBalance: { id: reservationId } };
    return this.engine.submit(context, {
      operation: 'createAdjustBalance',
      input: requested(adjust, command),
      commands: [command],
    });
  }

  /**
   * Ends an action as far as it can be undone: a reservation returns what it holds, a scheduled top-up will not
   * happen, a completed action is reversed. The answer is the cancelled action.
   */
  cancel(context: WriteContext, kind: ActionKind, { id, input, ifRevision }: ActionChange): Promise<Answer> {
    const changes: ActionChanges = toJsonForm(input);
    const command: BalanceCommand = { type: 'cancel', kind, actionId: id, changes, ifRevision };
    return this.engine.submit(context, { operation: `cancel ${kind}`, input: { id, ...changes }, commands: [command] });
  }

  /** Several actions that apply together or not at all; the answer is `{ items: [...] }`. */
  private async submitTogether(
    context: WriteContext,
    operation: string,
    inputs: readonly object[],
    commands: readonly CreateCommand[],
  ): Promise<Answer> {
    const [first, ...others] = commands;
    if (first === undefined) return { answer: { items: [] }, replayed: false };
    const items = inputs.map((input, index) => requested(input, commands[index]));
    return this.engine.submit(context, { operation, input: { items }, commands: [first, ...others], isBulk: true });
  }

  /**
   * Changes what describes an action, or what it will do as long as it is not applied; or its status: cancels it, or
   * reports its payment.
   */
  async update(context: WriteContext, kind: ActionKind, { id, input, ifRevision }: ActionChange): Promise<Answer> {
    const asked = toJsonForm(input);
    const { status, ...changes } = completed(kind, asked);
    if (context.guard?.isOwnOnly) requireSameBuckets(changes);
    if (status === null) throw invalid('status', 'cannot be removed');
    requireChannel(changes.channel);
    requireRelated(changes.relatedTopupBalance);
    const { tenantId } = context;
    if (status === 'cancelled') {
      await this.requireDescribing(context, kind, id, changes);
      const command: BalanceCommand = { type: 'cancel', kind, actionId: id, changes, ifRevision };
      return this.engine.submit(context, {
        operation: `cancel ${kind}`,
        input: { id, ...changes },
        commands: [command],
      });
    }
    await this.dueWork.processIfDue(tenantId);
    if ((status === 'completed' || status === 'failed') && (await this.isAwaited(context, kind, id))) {
      if (changes.amount === null) throw invalid('amount', 'cannot be removed');
      const command: BalanceCommand = { type: 'payment', kind, actionId: id, outcome: status, changes, ifRevision };
      return this.engine.submit(context, { operation: `update ${kind}`, input: { id, ...asked }, commands: [command] });
    }
    const { clock, mappings, extensions, nextId } = this.dependencies;
    const mapping: ResourceMapping<BalanceActionRow> = mappings[kind];
    const idempotency = idempotencyOf(context, `update ${kind}`, requestedInput(context, { id, ...asked }));
    return runCommand(this.database, clock, { ...context, idempotency }, async (tx, now) => {
      const before = await this.lock(tx, context, kind, id, ifRevision);
      if (status !== undefined) requireTransition(actionTransitions, `${kind} '${id}'`, before.status, status);
      const set = revise(kind, before, changes, now, this.dependencies.zoneOf(tenantId));
      const after = changed(before, set, now);
      if (after === undefined) return { answer: before, events: [] };
      extensions.check(after);
      const names = new Names().add(mapping.name, [set]);
      const attributes = namesOf<BalanceActionRow>(set);
      await writeAll(tx, [
        ...writesOfNames(tenantId, names),
        updateRows(mapping, tenantId, attributes, [after]),
        deleteLinks(tenantId, newLinks(before, after)),
        insertLinks(tenantId, newLinks(after, before)),
      ]);
      return { answer: after, events: [changeEvent(kind, 'AttributeValueChange', after, now, nextId)] };
    });
  }

  /** Takes an ended action out of what is read; it is kept for audits, and its ledger entries name it. */
  async delete(context: WriteContext, kind: ActionKind, id: string, ifRevision?: number): Promise<Answer> {
    const { tenantId, principalId } = context;
    await this.dueWork.processIfDue(tenantId);
    const { clock, mappings, nextId } = this.dependencies;
    const idempotency = idempotencyOf(context, `delete ${kind}`, { id });
    return runCommand(this.database, clock, { ...context, idempotency }, async (tx, now) => {
      const before = await this.lock(tx, context, kind, id, ifRevision);
      if (before.status === liveStatus)
        throw new DomainError('CONFLICT', `${kind} '${id}' is still live: cancel it before deleting it`);
      await writeAll(tx, [hideRow(mappings[kind], tenantId, id, { at: now, by: principalId })]);
      return { answer: { id }, events: [changeEvent(kind, 'Delete', before, now, nextId)] };
    });
  }

  private async read(context: WriteContext, kind: ActionKind, id: string): Promise<BalanceActionRow | undefined> {
    const mapping: ResourceMapping<BalanceActionRow> = this.dependencies.mappings[kind];
    const found = (await readRows(this.database, mapping, context.tenantId, [id])).get(id);
    return ownRow(this.database, context, mapping, found);
  }

  private async isAwaited(context: WriteContext, kind: ActionKind, id: string): Promise<boolean> {
    const row = await this.read(context, kind, id);
    return row !== undefined && isAwaitingPayment(row);
  }

  /** With its end, an action changes only in what describes it; what is sent back as it was read is no change. */
  private async requireDescribing(
    context: WriteContext,
    kind: ActionKind,
    id: string,
    changes: ActionChanges,
  ): Promise<void> {
    const describing: readonly (keyof BalanceActionRow)[] = describingAttributes[kind];
    const named = namesOf<BalanceActionRow>(changes).filter((attribute) => !describing.includes(attribute));
    if (named.length === 0) return;
    const row = await this.read(context, kind, id);
    for (const name of named) {
      if (canonicalJson(changes[name] ?? null) !== canonicalJson(row?.[name] ?? null))
        throw invalid(name, 'cannot be changed together with the status');
      delete changes[name];
    }
  }

  /** Refuses a change of what has to do with somebody else's bucket, too. */
  private async requireOwnBuckets(
    tx: Transaction,
    { guard, tenantId }: WriteContext,
    kind: ActionKind,
    { id, bucket, receiverBucket, impactedBucket }: BalanceActionRow,
  ): Promise<void> {
    if (!guard?.isOwnOnly) return;
    const named = [bucket?.id, receiverBucket?.id, ...(impactedBucket ?? []).map((one) => one.bucket?.id)];
    const ids = [...new Set(named.filter((one) => one !== undefined && one !== null))];
    const own = await guard.own(tx, this.dependencies.mappings.bucket as ResourceMapping, tenantId, ids);
    if (ids.some((one) => !own.has(one)))
      throw new DomainError('FORBIDDEN', `${kind} '${id}' has to do with somebody else's bucket, too`);
  }

  private async lock(
    tx: Transaction,
    context: WriteContext,
    kind: ActionKind,
    id: string,
    ifRevision?: number,
  ): Promise<BalanceActionRow> {
    const mapping: ResourceMapping<BalanceActionRow> = this.dependencies.mappings[kind];
    const locked = await ownRow(tx, context, mapping, await lockRow(tx, mapping, context.tenantId, id));
    const row = requireRevision(locked, kind, id, ifRevision);
    await this.requireOwnBuckets(tx, context, kind, row);
    return row;
  }
}

/** Where an action gets its bucket from is told once: it is applied by the server, which asks nobody. Throws FORBIDDEN. */
function requireSameBuckets(changes: ActionChanges): void {
  const named = namesOf<BalanceActionRow>(changes).find((name) => leadingToBuckets.has(name));
  if (named !== undefined)
    throw new DomainError('FORBIDDEN', `${named} leads to a bucket: it cannot be changed with a right on own rows`, {
      path: named,
    });
}

const leadingToBuckets: ReadonlySet<string> = new Set([
  'bucket',
  'product',
  'logicalResource',
  'partyAccount',
  'relatedParty',
  'receiver',
  'receiverBucket',
  'receiverProduct',
  'receiverLogicalResource',
  'receiverPartyAccount',
  'transferCost',
  'costOwner',
]);

/**
 * What a key stands for: the input, without a status that the server sets anyway, so that a request that leaves it out is
 * the same.
 */
function requested(input: object, command: CreateCommand | undefined): JsonObject {
  const { status: _, ...others } = withoutNulls(toJsonObject(input));
  const isAwaited = command !== undefined && 'payFirst' in command && command.payFirst === true;
  return isAwaited ? { ...others, status: liveStatus } : others;
}

/**
 * The changes as they are stored: a logical resource that is named by its value has that as its id, and a reservation
 * always has a list of parties, even if it is empty (conformance kit).
 */
function completed(kind: ActionKind, changes: ActionChanges): ActionChanges {
  const { logicalResource, receiverLogicalResource, relatedParty } = changes;
  return {
    ...changes,
    ...(logicalResource && { logicalResource: completeLogicalResources(logicalResource) }),
    ...(receiverLogicalResource && {
      receiverLogicalResource: completeLogicalResources([receiverLogicalResource], 'receiverLogicalResource')[0],
    }),
    ...(kind === 'reserveBalance' && relatedParty === null && { relatedParty: [] }),
  };
}
