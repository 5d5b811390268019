import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { create, transports, made, update, type Transport, type Outcome } from '../../fixtures/transports.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { itemStates, move, readOrder } from './orders.js';
import { proofSize } from '../../support/proof.js';

const runs = proofSize('RUNS', { short: 8, long: 50 });

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

// The diagrams and the derivation, written down a second time and as plainly as can be.
const ended = ['completed', 'failed', 'cancelled', 'rejected', 'partial'];
const cancelling = ['assessingCancellation', 'pendingCancellation'];
const itemEdges =
  `acknowledged>rejected acknowledged>inProgress acknowledged>pending acknowledged>held acknowledged>failed
  inProgress>pending inProgress>held inProgress>completed inProgress>failed pending>inProgress pending>cancelled held>inProgress held>cancelled
  acknowledged>assessingCancellation inProgress>assessingCancellation pending>assessingCancellation held>assessingCancellation
  assessingCancellation>acknowledged assessingCancellation>inProgress assessingCancellation>pending assessingCancellation>held
  assessingCancellation>pendingCancellation pendingCancellation>cancelled`.split(/\s+/);
/** Of items that are cancelled while the order goes on, only the end is told. */
const toldEdges = [...itemEdges, 'acknowledged>cancelled', 'inProgress>cancelled'];
const orderEdges =
  `${itemEdges.join(' ')} inProgress>partial acknowledged>cancelled inProgress>acknowledged inProgress>cancelled
  pending>acknowledged pending>held pending>completed pending>failed pending>partial pending>rejected
  held>acknowledged held>pending held>completed held>failed held>partial held>rejected pendingCancellation>partial`.split(
    /\s+/,
  );

function derived(items: readonly string[], kept: string | undefined): string {
  const has = (state: string): boolean => items.includes(state);
  const open = items.filter((state) => !ended.includes(state));
  if (open.length > 0) {
    const step = cancelling.find((state) => open.every((other) => other === state));
    return (
      step ??
      kept ??
      ['inProgress', 'pending', 'held'].find(has) ??
      (has('completed') || has('failed') ? 'inProgress' : 'acknowledged')
    );
  }
  if (has('completed')) return items.every((state) => state === 'completed') ? 'completed' : 'partial';
  return ['cancelled', 'failed'].find(has) ?? 'rejected';
}

const itemIds = ['1', '2', '3'];
const states = [
  'acknowledged',
  'rejected',
  'pending',
  'held',
  'inProgress',
  'cancelled',
  'completed',
  'failed',
  ...cancelling,
];
const door = fc.constantFrom<Transport>(...transports);
const likely = fc.constantFrom('inProgress', 'inProgress', 'completed', 'failed', 'pending', 'held');
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('move' as const),
      door,
      item: fc.constantFrom(...itemIds),
      to: fc.oneof({ weight: 3, arbitrary: likely }, { weight: 1, arbitrary: fc.constantFrom(...states) }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('lead' as const),
      door,
      to: fc.constantFrom(
        'inProgress',
        'inProgress',
        'held',
        'pending',
        'rejected',
        'cancelled',
        'completed',
        'partial',
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('cancel' as const),
      door,
      items: fc.option(fc.subarray(itemIds, { minLength: 1 }), { freq: 2 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function take(id: string, one: Step): Promise<Outcome> {
  if (one.type === 'move') return move(server, one.door, id, [one.item, one.to]);
  if (one.type === 'lead') return update(server, one.door, 'ResourceOrder', id, { state: one.to });
  const orderItem = one.items?.map((itemId) => ({ itemId }));
  return create(server, one.door, 'CancelResourceOrder', { resourceOrder: { id }, ...(orderItem && { orderItem }) });
}

/** Whether whoever does the work may do that: item 3 waits for item 1. */
function mayMove(order: any, { item, to }: Extract<Step, { type: 'move' }>): boolean {
  const present = itemStates(order);
  const from = String(present[item]);
  if (to === from) return true;
  if (cancelling.includes(to) || !itemEdges.includes(`${from}>${to}`)) return false;
  return to !== 'inProgress' || (order.requestedState === undefined && (item !== '3' || present['1'] === 'completed'));
}

/** What was told of an order, in its order: its state and those of its items after each event. */
async function told(id: string): Promise<{ state: string; items: Record<string, string> }[]> {
  const rows = await server.database.client.outbox.findMany({ where: { resourceId: id }, orderBy: { id: 'asc' } });
  return rows.map(({ payload }) => ({ state: (payload as any).state, items: itemStates(payload) }));
}

describe('the history of an order', () => {
  it('takes no edge that is not in the diagrams, and the order is always what its items make it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const wait = [{ relationshipType: 'dependsOn', orderItem: { itemId: '1' } }];
        let order = await made(server, 'ResourceOrder', {
          orderItem: [{ id: '1' }, { id: '2' }, { id: '3', orderItemRelationship: wait }],
        });
        for (const one of steps) {
          server.clock.advance(1_000);
          const { status, resource } = await take(order.id, one);
          const isRefused = status >= 400 || (one.type === 'cancel' && resource.state === 'terminatedWithError');
          if (one.type === 'move') expect([one, isRefused]).toEqual([one, !mayMove(order, one)]);
          if (one.type === 'lead' && !isRefused) expect([one, resource.state]).toEqual([one, one.to]);
          const after = await readOrder(server, order.id);
          if (isRefused) expect([one, after]).toEqual([one, order]);
          else if (one.type === 'cancel') {
            const cancelled = Object.entries(itemStates(after)).filter(
              ([itemId]) => one.items?.includes(itemId) ?? true,
            );
            expect([
              one,
              cancelled.every(([, state]) => state === 'cancelled' || (one.items === null && ended.includes(state))),
            ]).toEqual([one, true]);
          }
          expect([one, after.state]).toEqual([one, derived(Object.values(itemStates(after)), after.requestedState)]);
          if (ended.includes(after.state)) expect(after.requestedState).toBe(undefined);
          order = after;
        }
        const history = await told(order.id);
        for (const [index, { state, items }] of history.slice(1).entries()) {
          const before = history[index] as (typeof history)[number];
          const edges = [
            [before.state, state, orderEdges],
            ...itemIds.map((id) => [before.items[id], items[id], toldEdges]),
          ] as [string, string, string[]][];
          for (const [from, to, known] of edges)
            expect([from, to, from === to || known.includes(`${from}>${to}`)]).toEqual([from, to, true]);
        }
        expect(history.at(-1)).toEqual({ state: order.state, items: itemStates(order) });
      }),
      { seed, numRuns: runs },
    );
  });
});
