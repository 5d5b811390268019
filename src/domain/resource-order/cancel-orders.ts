import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import { insertEvents } from '../../platform/write/outbox.js';
import { withRetry } from '../../platform/write/retry.js';
import { lockRow, readRows, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changed, type WriteContext } from '../changes.js';
import { invalid, isGiven, missing, requireName, withoutAddress } from '../input.js';
import { ResourceWriter, type Writing } from '../resource-writer.js';
import { cancelled, type Cancellation } from './cancellation.js';
import { endedTask, orderEvents } from './cancellation-events.js';
import type { ResourceOrderDependencies } from './dependencies.js';

/** Tasks that one statement looks for. */
const dueMax = 100;

/** What the domain looks at; everything else is kept as it comes. */
export interface CancelInput {
  resourceOrder: { id: string };
  orderItem?: { itemId?: string | null; resourceOrderId?: string | null }[] | null;
  requestedCancellationDate?: Date | null;
}

/** TMF652 tasks of cancellation: accepted, then carried out at once or when their time has come. */
export class CancelResourceOrders extends ResourceWriter<CancelInput> {
  constructor(
    database: Database,
    private readonly taskTools: ResourceOrderDependencies,
  ) {
    super(database, taskTools, {
      resource: 'cancelResourceOrder',
      mapping: taskTools.mappings.cancelResourceOrder,
      state: 'state',
      // The published sample has what is told of the order at first.
      begins: { attribute: 'state', allowed: ['accepted', 'assessingCancellation'] },
      fromInput: fromCancelInput,
      complete: (given, writing) => requireOrder(given, writing, taskTools),
    });
  }

  override async create(context: WriteContext, input: CancelInput): Promise<Answer> {
    const { answer, replayed } = await super.create(context, input);
    return { answer: await this.workIfAtOnce(context.tenantId, answer), replayed };
  }

  /** Carries out what has come due, of all tenants; answers how many. A task whose server died in the middle is among them. */
  async workDue(signal: AbortSignal): Promise<number> {
    for (let total = 0; ;) {
      const now = this.taskTools.clock.now().toISOString();
      const due = await this.database.query<{ tenantId: string; id: string }>(Prisma.sql`
        SELECT "tenantId", "id" FROM "CancelResourceOrder"
        WHERE "state" = 'accepted' AND ("requestedCancellationDate" IS NULL OR "requestedCancellationDate" <= ${now}::timestamptz)
        ORDER BY "requestedCancellationDate", "id" LIMIT ${dueMax}::int`);
      for (const { tenantId, id } of due) {
        if (signal.aborted) return total;
        await this.work(tenantId, id);
        total += 1;
      }
      if (due.length < dueMax) return total;
    }
  }

  /** A repeated request finds its task ended, and is answered with what came of it. */
  private async workIfAtOnce(tenantId: string, task: JsonObject): Promise<JsonObject> {
    const { id, requestedCancellationDate: date, updatedAt: created } = task;
    const isAtOnce = typeof date !== 'string' || date <= String(created);
    return isAtOnce ? ((await this.work(tenantId, String(id))) ?? task) : task;
  }

  /** Assesses a task and does it, in one transaction. Whoever comes second finds it done. */
  private work(tenantId: string, id: string): Promise<JsonObject | undefined> {
    const { mappings } = this.taskTools;
    return withRetry(() =>
      this.database.transaction(async (tx) => {
        const task = await lockRow(tx, mappings.cancelResourceOrder, tenantId, id);
        if (task?.['state'] !== 'accepted') return task && withoutNulls(task);
        const order = await lockRow(tx, mappings.resourceOrder, tenantId, orderIdOf(task));
        return this.carryOut(withoutNulls(task), order && withoutNulls(order), {
          tx,
          tenantId,
          now: this.taskTools.clock.now(),
        });
      }),
    );
  }

  private async carryOut(
    accepted: JsonObject,
    order: JsonObject | undefined,
    { tx, tenantId, now }: Writing,
  ): Promise<JsonObject> {
    const { mappings } = this.taskTools;
    const cancellation = order ? cancelled(order, requestOf(accepted), now) : gone(accepted);
    const { task, events } = endedTask(accepted, cancellation, now, this.taskTools);
    const writes = [
      updateRows(
        mappings.cancelResourceOrder,
        tenantId,
        ['state', 'effectiveCancellationDate', 'failureMessage'],
        [task],
      ),
    ];
    const last = cancellation.steps.at(-1);
    if (order === undefined || last === undefined) {
      await writeAll(tx, [...writes, insertEvents(tenantId, events)]);
      return task;
    }
    const after = changed(order, last, now);
    const ofOrder = orderEvents(order, cancellation.steps, now, this.taskTools).flat();
    await writeAll(tx, [
      ...writes,
      after && updateRows(mappings.resourceOrder, tenantId, Object.keys(last), [after]),
      insertEvents(tenantId, [...ofOrder, ...events]),
    ]);
    return task;
  }
}

function fromCancelInput(input: CancelInput): JsonObject {
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
  return withoutNulls({ ...toJsonObject(input), state: 'accepted' });
}

async function requireOrder(
  given: JsonObject,
  { tx, tenantId }: Writing,
  { mappings }: ResourceOrderDependencies,
): Promise<JsonObject> {
  const id = orderIdOf(given);
  const found = await readRows(tx, mappings.resourceOrder, tenantId, [id]);
  if (found.size === 0)
    throw new DomainError('RESOURCE_ORDER_UNKNOWN', `resourceOrder '${abbreviated(id)}' does not exist`, {
      path: 'resourceOrder.id',
    });
  return { ...given, resourceOrder: withoutAddress(given['resourceOrder'] as JsonObject) };
}

function requestOf({ cancellationReason, orderItem }: JsonObject): { itemIds?: string[]; reason?: string } {
  return {
    ...(Array.isArray(orderItem) && { itemIds: (orderItem as JsonObject[]).map(({ itemId }) => String(itemId)) }),
    ...(typeof cancellationReason === 'string' && { reason: cancellationReason }),
  };
}

function gone(task: JsonObject): Cancellation {
  return { steps: [], problem: `resourceOrder '${abbreviated(orderIdOf(task))}' does not exist any more` };
}

function orderIdOf({ resourceOrder }: JsonObject): string {
  return String((resourceOrder as JsonObject)['id']);
}
