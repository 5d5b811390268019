import type { Database } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import { insertEvents } from '../../platform/write/outbox.js';
import { insertRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import type { Change, WriteContext } from '../changes.js';
import { changeEvent } from '../events.js';
import { invalid, isGiven, missing } from '../input.js';
import { ResourceWriter, type Writing } from '../resource-writer.js';
import type { Cancellation } from './cancellation.js';
import { endedTask, orderEvents } from './cancellation-events.js';
import { firstState, idOf, itemsOf } from './items.js';
import { withNoteIds } from './notes.js';
import { changeOrder } from './order-changes.js';
import { fromOrderChange, fromOrderInput, requireWord, type OrderInput } from './order-input.js';
import { derivedAttributes, eventsOfStateChange } from './derived-state.js';
import type { ResourceOrderDependencies } from './dependencies.js';
import { isFinal, itemTransitions } from './transitions.js';

/** What whoever does the work says of an item. */
export interface ItemProgress {
  state?: string | null;
  note?: string | null;
  expectedCompletionDate?: Date | null;
}

/** TMF652 orders: their states follow their items, unless a client keeps them back. */
export class ResourceOrders extends ResourceWriter<OrderInput> {
  constructor(
    database: Database,
    private readonly orderTools: ResourceOrderDependencies,
  ) {
    super(database, orderTools, {
      resource: 'resourceOrder',
      mapping: orderTools.mappings.resourceOrder,
      state: 'state',
      followsState: derivedAttributes,
      begins: { attribute: 'state', allowed: [firstState] },
      fromInput: fromOrderInput,
      fromChange: fromOrderChange,
      complete: (given, { now }) =>
        Promise.resolve(withNoteIds({ ...given, orderDate: now.toISOString() }, () => orderTools.nextId(now))),
      derive: async (before, wanted, writing) => {
        const { changes, cancellation } = changeOrder(
          before,
          withNoteIds(wanted, () => orderTools.nextId(writing.now)),
          writing.now,
        );
        if (cancellation) await recordCancellation(before, changes, cancellation, writing, orderTools);
        return changes;
      },
      tells: eventsOfStateChange,
      release: requireDeletable,
    });
  }

  /** Moves one item along, for the system that does the work; the order follows. */
  updateItem(
    context: WriteContext,
    { id, ifRevision }: Pick<Change, 'id' | 'ifRevision'>,
    itemId: string,
    progress: ItemProgress,
  ): Promise<Answer> {
    const { state, note, expectedCompletionDate } = progress;
    if (isGiven(state)) requireWord('state', state, Object.keys(itemTransitions));
    if (note === '') throw invalid('note', 'must not be empty');
    if (!isGiven(state) && !isGiven(note) && !isGiven(expectedCompletionDate))
      throw missing('state', 'a state, a note or an expectedCompletionDate is to be told of the item');
    const date = expectedCompletionDate?.toISOString() ?? null;
    const said = withoutNulls({ itemId, state: state ?? null, note: note ?? null, expectedCompletionDate: date });
    return this.change(context, 'updateResourceOrderItem', { id, ifRevision }, said, (before) => {
      const items = itemsOf(before);
      if (!items.some((item) => idOf(item) === itemId))
        throw new DomainError('NOT_FOUND', `item '${abbreviated(itemId)}' of resourceOrder '${id}' does not exist`, {
          path: 'itemId',
        });
      return {
        orderItem: items.map((item) => (idOf(item) === itemId && isGiven(state) ? { ...item, state } : item)),
        ...(isGiven(note) && {
          note: [
            ...((before['note'] ?? []) as JsonObject[]),
            { date: this.orderTools.clock.now().toISOString(), text: note },
          ],
        }),
        ...(date !== null && { expectedCompletionDate: date }),
      };
    });
  }
}

/** Whoever sets the state to cancelled asks for a cancellation: there is a task of it, done with the change. */
async function recordCancellation(
  before: JsonObject,
  changes: JsonObject,
  cancellation: Cancellation,
  { tx, tenantId, now }: Writing,
  dependencies: ResourceOrderDependencies,
): Promise<void> {
  const { steps } = cancellation;
  const reason = changes['cancellationReason'] ?? null;
  const accepted = withoutNulls({
    id: dependencies.nextId(now),
    revision: 1,
    state: 'accepted',
    resourceOrder: { id: idOf(before) },
    cancellationReason: reason,
    updatedAt: now.toISOString(),
  });
  const created = changeEvent('cancelResourceOrder', 'Create', accepted, now, dependencies.nextId);
  // The last step is that of the change itself.
  const onTheWay = orderEvents(before, steps, now, dependencies).slice(0, -1).flat();
  const { task, events } = endedTask(accepted, cancellation, now, dependencies);
  await writeAll(tx, [
    insertRows(dependencies.mappings.cancelResourceOrder, tenantId, [task]),
    insertEvents(tenantId, [created, ...onTheWay, ...events]),
  ]);
}

function requireDeletable({ id, state }: JsonObject): void {
  if (state === 'acknowledged' || isFinal(state)) return;
  throw new DomainError('CONFLICT', `resourceOrder '${String(id)}' is ${String(state)}: cancel it before deleting it`, {
    path: 'state',
  });
}
