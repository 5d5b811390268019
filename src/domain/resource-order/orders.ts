import type { Database } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { withoutNulls } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import type { Change, RowChanges, WriteContext } from '../changes.js';
import { invalid, isGiven, missing } from '../input.js';
import { ResourceChanges } from '../resource-changes.js';
import { ResourceWriter, type Writing } from '../resource-writer.js';
import type { Cancellation } from './cancellation.js';
import { announcedSteps, endCancellation } from './cancellation-steps.js';
import type { CancellationRow, OrderRow, ResourceOrderDependencies } from './model.js';
import { withNoteIds } from './notes.js';
import { changeOrder } from './order-changes.js';
import { fromOrderChange, fromOrderInput, type OrderInput } from './order-input.js';
import { eventsOfStateChange, orderStateAttributes } from './order-state.js';
import { firstState, isFinal } from './transitions.js';

/** What the system that does the work reports of an item. */
export interface ItemProgress {
  state?: string | null;
  note?: string | null;
  expectedCompletionDate?: Date | null;
}

/** TMF652 orders: their states follow their items, unless a client keeps them back. */
export class ResourceOrders extends ResourceWriter<
  'resourceOrder',
  OrderRow,
  OrderInput,
  ReturnType<typeof fromOrderInput>
> {
  constructor(
    database: Database,
    private readonly orderDependencies: ResourceOrderDependencies,
  ) {
    super(database, orderDependencies, {
      resource: 'resourceOrder',
      mapping: orderDependencies.mappings.resourceOrder,
      ...orderStateAttributes,
      begins: { attribute: 'state', allowed: [firstState] },
      fromInput: fromOrderInput,
      fromChange: fromOrderChange,
      complete: (given, { now }) =>
        withNoteIds({ ...given, orderDate: now.toISOString() }, () => orderDependencies.nextId(now)),
      derive: async (before, wanted, writing) => {
        const { changes, cancellation } = changeOrder(
          before,
          withNoteIds(wanted, () => orderDependencies.nextId(writing.now)),
          writing.now,
        );
        if (cancellation) await recordCancellation(before, changes, cancellation, writing, orderDependencies);
        return changes;
      },
      furtherEvents: eventsOfStateChange,
      release: requireDeletable,
    });
  }

  /** Moves one item along, for the system that does the work; the order follows. Throws NOT_FOUND and CONFLICT. */
  updateItem(
    context: WriteContext,
    { id, ifRevision }: Pick<Change, 'id' | 'ifRevision'>,
    itemId: string,
    progress: ItemProgress,
  ): Promise<Answer<OrderRow>> {
    const { state, note, expectedCompletionDate } = progress;
    if (note === '') throw invalid('note', 'must not be empty');
    if (!isGiven(state) && !isGiven(note) && !isGiven(expectedCompletionDate))
      throw missing('state', 'a state, a note or an expectedCompletionDate is to be told of the item');
    const date = expectedCompletionDate?.toISOString() ?? null;
    const asked = withoutNulls({ itemId, state: state ?? null, note: note ?? null, expectedCompletionDate: date });
    return this.change(context, 'updateResourceOrderItem', { id, ifRevision }, asked, (before) => {
      const items = before.orderItem;
      if (!items.some((item) => item.id === itemId))
        throw new DomainError('NOT_FOUND', `item '${abbreviated(itemId)}' of resourceOrder '${id}' does not exist`, {
          path: 'itemId',
        });
      return {
        orderItem: items.map((item) => (item.id === itemId && isGiven(state) ? { ...item, state } : item)),
        ...(isGiven(note) && {
          note: [...(before.note ?? []), { date: this.orderDependencies.clock.now().toISOString(), text: note }],
        }),
        ...(date !== null && { expectedCompletionDate: date }),
      };
    });
  }
}

/** Setting the state to cancelled asks for a cancellation: one is recorded, done together with the change. */
async function recordCancellation(
  before: OrderRow,
  { cancellationReason = null }: RowChanges<OrderRow>,
  cancellation: Cancellation,
  writing: Writing,
  dependencies: ResourceOrderDependencies,
): Promise<void> {
  const { now } = writing;
  const { mappings, nextId } = dependencies;
  const accepted = withoutNulls<CancellationRow>({
    id: nextId(now),
    revision: 1,
    state: 'accepted',
    resourceOrder: { id: before.id },
    cancellationReason,
    updatedAt: now.toISOString(),
  });
  const changes = new ResourceChanges(writing, nextId);
  changes.emit(mappings.cancelResourceOrder, 'Create', accepted);
  // The last step is that of the change itself.
  for (const { row, events } of announcedSteps(before, cancellation.steps, now).slice(0, -1))
    for (const event of events) changes.emit(mappings.resourceOrder, event, row);
  const ended = endCancellation(changes, dependencies, accepted, cancellation, now);
  changes.insert(mappings.cancelResourceOrder, [ended]);
  await changes.flush();
}

function requireDeletable({ id, state }: OrderRow): void {
  if (state === 'acknowledged' || isFinal(state)) return;
  throw new DomainError('CONFLICT', `resourceOrder '${id}' is ${state}: cancel it before deleting it`, {
    path: 'state',
  });
}
