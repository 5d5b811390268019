import type { Database } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { withoutNulls } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import { withRetry } from '../../platform/write/retry.js';
import { lockRow, readRows } from '../../platform/write/rows.js';
import { changed, ownRow, type WriteContext } from '../changes.js';
import { invalid, isGiven, missing, requireName, toGiven, withoutAddress } from '../input.js';
import { ResourceChanges } from '../resource-changes.js';
import { ResourceWriter, type Writing } from '../resource-writer.js';
import { cancelled, type Cancellation, type CancellationRequest } from './cancellation.js';
import { announcedSteps, endCancellation } from './cancellation-steps.js';
import type { CancellationRow, OrderRow, ResourceOrderDependencies } from './model.js';
import { findDueCancellations } from './orders.store.js';

/** Cancellations that one statement looks for. */
const dueMax = 100;

/** The attributes that the rules read; all others are stored as they arrive. */
export interface CancelInput {
  resourceOrder: { id: string };
  orderItem?: { itemId?: string | null; resourceOrderId?: string | null }[] | null;
  requestedCancellationDate?: Date | null;
}

/** TMF652 tasks of cancellation: accepted, then carried out at once or when their time has come. */
export class CancelResourceOrders extends ResourceWriter<
  'cancelResourceOrder',
  CancellationRow,
  CancelInput,
  ReturnType<typeof fromCancelInput>
> {
  constructor(
    database: Database,
    private readonly orderDependencies: ResourceOrderDependencies,
  ) {
    super(database, orderDependencies, {
      resource: 'cancelResourceOrder',
      mapping: orderDependencies.mappings.cancelResourceOrder,
      state: 'state',
      begins: { attribute: 'state', allowed: ['accepted'] },
      fromInput: fromCancelInput,
      complete: (given, writing) => requireOrder(given, writing, orderDependencies),
    });
  }

  override async create(context: WriteContext, input: CancelInput): Promise<Answer<CancellationRow>> {
    const { answer, replayed } = await super.create(context, input);
    return { answer: await this.workIfAtOnce(context.tenantId, answer), replayed };
  }

  /** Carries out what has come due, of all tenants; answers how many. Those whose server died on the way are among them. */
  async workDue(signal: AbortSignal): Promise<number> {
    for (let total = 0; ;) {
      const due = await findDueCancellations(this.database, this.orderDependencies.clock.now(), dueMax);
      for (const { tenantId, id } of due) {
        if (signal.aborted) return total;
        await this.work(tenantId, id);
        total += 1;
      }
      if (due.length < dueMax) return total;
    }
  }

  /** A repeated request finds its cancellation ended, and is answered with what came of it. */
  private async workIfAtOnce(tenantId: string, cancellation: CancellationRow): Promise<CancellationRow> {
    const { id, requestedCancellationDate: date, updatedAt: created } = cancellation;
    const isAtOnce = !date || date <= created;
    return isAtOnce ? ((await this.work(tenantId, id)) ?? cancellation) : cancellation;
  }

  /** Assesses a cancellation and does it, in one transaction. A second process finds it done. */
  private work(tenantId: string, id: string): Promise<CancellationRow | undefined> {
    const { mappings, clock } = this.orderDependencies;
    return withRetry(() =>
      this.database.transaction(async (tx) => {
        const cancellation = await lockRow(tx, mappings.cancelResourceOrder, tenantId, id);
        if (cancellation?.state !== 'accepted') return cancellation && withoutNulls(cancellation);
        const order = await lockRow(tx, mappings.resourceOrder, tenantId, cancellation.resourceOrder.id);
        const writing = { tx, tenantId, now: clock.now() };
        return this.carryOut(withoutNulls(cancellation), order && withoutNulls(order), writing);
      }),
    );
  }

  private async carryOut(
    accepted: CancellationRow,
    order: OrderRow | undefined,
    writing: Writing,
  ): Promise<CancellationRow> {
    const { now } = writing;
    const { mappings, nextId } = this.orderDependencies;
    const cancellation = order ? cancelled(order, requestOf(accepted), now) : gone(accepted);
    const changes = new ResourceChanges(writing, nextId);
    const ended = endCancellation(changes, this.orderDependencies, accepted, cancellation, now);
    changes.replace(mappings.cancelResourceOrder, ended, ['state', 'effectiveCancellationDate', 'failureMessage']);
    const last = cancellation.steps.at(-1);
    const after = order && last && changed(order, last, now);
    if (after) changes.replace(mappings.resourceOrder, after, Object.keys(last));
    if (order)
      for (const { row, events } of announcedSteps(order, cancellation.steps, now))
        for (const event of events) changes.emit(mappings.resourceOrder, event, row);
    await changes.flush();
    return ended;
  }
}

function fromCancelInput(
  input: CancelInput,
): Partial<CancellationRow> & Pick<CancellationRow, 'state' | 'resourceOrder'> {
  const { resourceOrder, orderItem } = input;
  requireName('resourceOrder.id', resourceOrder.id);
  if (isGiven(orderItem) && orderItem.length === 0)
    throw invalid('orderItem', 'must have at least one element: without it the order is cancelled as a whole');
  for (const [index, { itemId, resourceOrderId }] of (orderItem ?? []).entries()) {
    if (!isGiven(itemId)) throw missing(`orderItem.${index}.itemId`, 'it says which item to cancel');
    if (isGiven(resourceOrderId) && resourceOrderId !== resourceOrder.id)
      throw invalid(
        `orderItem.${index}.resourceOrderId`,
        `is not that of the order to cancel: '${abbreviated(resourceOrderId)}'`,
      );
  }
  return { ...toGiven<CancellationRow, 'resourceOrder'>(input), state: 'accepted' };
}

async function requireOrder(
  given: CancellationRow,
  { tx, tenantId, guard }: Writing,
  { mappings }: ResourceOrderDependencies,
): Promise<CancellationRow> {
  const { id } = given.resourceOrder;
  const found = await readRows(tx, mappings.resourceOrder, tenantId, [id]);
  if (!(await ownRow(tx, { tenantId, guard }, mappings.resourceOrder, found.get(id))))
    throw new DomainError('RESOURCE_ORDER_UNKNOWN', `resourceOrder '${abbreviated(id)}' does not exist`, {
      path: 'resourceOrder.id',
    });
  return { ...given, resourceOrder: withoutAddress(given.resourceOrder) };
}

function requestOf({ cancellationReason, orderItem }: CancellationRow): CancellationRequest {
  return {
    ...(isGiven(orderItem) && { itemIds: orderItem.map(({ itemId }) => itemId) }),
    ...(isGiven(cancellationReason) && { reason: cancellationReason }),
  };
}

function gone({ resourceOrder }: CancellationRow): Cancellation {
  return { steps: [], problem: `resourceOrder '${abbreviated(resourceOrder.id)}' does not exist any more` };
}
