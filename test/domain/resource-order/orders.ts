import { toWire } from '../../fixtures/schema.js';
import type { Outcome, Transport } from '../../fixtures/transports.js';
import { moveItems, placeOrder } from '../../fixtures/resource-order-api.js';
import { retryWhileBusy } from '../../support/retry-while-busy.js';
import type { TestServer } from '../../support/server.js';

export { placeOrder };

export type Move = readonly [itemId: string, state: string];

/** Moves of one item that lead it to a state. */
export const waysTo: Readonly<Record<string, readonly string[]>> = {
  acknowledged: [],
  inProgress: ['inProgress'],
  pending: ['inProgress', 'pending'],
  held: ['inProgress', 'held'],
  completed: ['inProgress', 'completed'],
  failed: ['inProgress', 'failed'],
  cancelled: ['inProgress', 'held', 'cancelled'],
  rejected: ['rejected'],
};

/** An order whose items are led to these states, one after the other. */
export async function orderWith(
  server: TestServer,
  states: Readonly<Record<string, string>>,
  more: Record<string, unknown> = {},
): Promise<any> {
  const { id } = await placeOrder(server, Object.keys(states), more);
  for (const [itemId, state] of Object.entries(states))
    await moveItems(
      server,
      id,
      (waysTo[state] ?? []).map((to) => [itemId, to]),
    );
  return readOrder(server, id);
}

export async function readOrder(server: TestServer, id: string): Promise<any> {
  return (await retryWhileBusy(() => server.rest('GET', `/resourceOrder/${id}`))).body;
}

/** Moves one item: by the mutation for it, or by a JSON Patch of its state. */
export async function move(
  server: TestServer,
  door: Transport,
  id: string,
  [itemId, state]: Move,
  key?: string,
): Promise<Outcome> {
  if (door === 'rest') {
    const index = (await readOrder(server, id)).orderItem.findIndex((item: any) => item.id === itemId);
    const { status, body } = await server.rest('PATCH', `/resourceOrder/${id}`, {
      body: [{ op: 'replace', path: `/orderItem/${index}/state`, value: state }],
      headers: { 'content-type': 'application/json-patch+json', ...(key && { 'idempotency-key': key }) },
    });
    return { status, message: body.message, resource: body, replayed: false };
  }
  const { status, data, errors } = await server.graphql(
    'mutation ($orderId: ID!, $itemId: ID!, $state: ResourceOrderItemStateType, $key: String) { updateResourceOrderItem(orderId: $orderId, itemId: $itemId, state: $state, idempotencyKey: $key) { id state orderItem { itemId state } } }',
    { orderId: id, itemId, state, key },
  );
  const [error] = errors ?? [];
  return error
    ? { status: error.extensions.status, message: error.message, replayed: false }
    : { status, resource: toWire(data.updateResourceOrderItem), replayed: false };
}

export function itemStates(order: any): Record<string, string> {
  return Object.fromEntries(order.orderItem.map(({ id, state }: any) => [id, state]));
}

/** What was told of a resource, with the state it had then. */
export async function eventsOf(server: TestServer, id: string): Promise<[type: string, state: string][]> {
  const rows = await server.database.client.outbox.findMany({ where: { resourceId: id }, orderBy: { id: 'asc' } });
  return rows.map(({ eventType, payload }) => [eventType, (payload as any).state]);
}

export async function tasksOf(server: TestServer, orderId: string): Promise<any[]> {
  return (await server.rest('GET', `/cancelResourceOrder?resourceOrder.id=${orderId}`)).body;
}
