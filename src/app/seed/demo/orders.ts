import { simulatedCategory } from '../../../domain/resource-order/index.js';
import { preservedAttributes } from '../seeded.js';
import { customer, partyOf } from './operator.js';
import type { Days, Step } from './past.js';

/** What is ordered: item and what it is. */
type Goods = Readonly<Record<string, string>>;

const fibre: Goods = { line: 'Optical fibre line', router: 'Home router' };
const sim: Goods = { sim: 'SIM card', number: 'Mobile number' };
const phone: Goods = { phone: 'Handset', sim: 'SIM card' };

/** An order: its customer, when, what; then day by day the state changes of its items (`item:state`), or its own. */
interface Order {
  readonly of: number;
  readonly ago: number;
  readonly name: string;
  readonly goods: Goods;
  readonly moves?: readonly string[];
  readonly lead?: string;
  readonly cancel?: object;
  /** Cancelled later. */
  readonly cancelInDays?: number;
  readonly category?: string;
  readonly priority?: number;
}

const all = (goods: Goods): string[] =>
  Object.keys(goods).flatMap((item) => [`${item}:inProgress`, `${item}:completed`]);

const orders: readonly Order[] = [
  ...[1, 9, 12, 16, 20].map((of, index): Order => ({
    of,
    ago: 99 - index,
    name: 'New line',
    goods: sim,
    moves: all(sim),
    priority: index,
  })),
  {
    of: 20,
    ago: 90,
    name: 'Second to fifth line',
    goods: { ...sim, sims: 'SIM cards' },
    moves: all({ ...sim, sims: '' }),
    priority: 1,
  },
  { of: 10, ago: 82, name: 'Home fibre', goods: fibre, moves: all(fibre) },
  { of: 14, ago: 71, name: 'New phone', goods: phone, moves: all(phone) },
  { of: 6, ago: 64, name: 'Home fibre', goods: fibre, moves: ['line:failed', 'router:failed'] },
  { of: 13, ago: 52, name: 'New phone', goods: phone, moves: ['phone:inProgress', 'phone:completed', 'sim:failed'] },
  {
    of: 3,
    ago: 45,
    name: 'New phone',
    goods: phone,
    moves: ['phone:inProgress'],
    cancel: { cancellationReason: 'no longer required' },
  },
  { of: 15, ago: 41, name: 'Home fibre', goods: fibre, lead: 'rejected', priority: 4 },
  {
    of: 11,
    ago: 33,
    name: 'Home fibre',
    goods: fibre,
    moves: all(fibre),
    cancel: { cancellationReason: 'moved house' },
  },
  { of: 1, ago: 26, name: 'New phone', goods: phone, moves: all(phone), priority: 2 },
  {
    of: 16,
    ago: 19,
    name: 'Home fibre',
    goods: fibre,
    moves: ['line:inProgress', 'line:completed', 'router:inProgress'],
  },
  { of: 4, ago: 14, name: 'Home fibre', goods: fibre, moves: ['line:inProgress', 'line:pending'] },
  { of: 17, ago: 12, name: 'New phone', goods: phone, lead: 'held', priority: 2 },
  { of: 20, ago: 9, name: 'Office fibre', goods: fibre, moves: ['line:inProgress'], priority: 0 },
  { of: 1, ago: 6, name: 'Home fibre', goods: fibre, moves: ['line:inProgress', 'line:completed'] },
  { of: 2, ago: 5, name: 'Number to keep', goods: sim, cancelInDays: 30 },
  { of: 8, ago: 4, name: 'New phone', goods: phone, moves: ['phone:inProgress'], category: simulatedCategory },
  { of: 5, ago: 3, name: 'Home fibre', goods: fibre },
  { of: 18, ago: 1, name: 'SIM card again', goods: { sim: 'SIM card' }, priority: 3 },
];

/** Orders in each state that orders stay in, and cancellations in each of theirs. */
export function orderSteps(days: Days): Step[] {
  return orders.flatMap((order, index) => stepsOf(days, order, 8 + (index % 10)));
}

function stepsOf(
  days: Days,
  { of, ago, name, goods, moves = [], lead, cancel, cancelInDays, category, priority }: Order,
  hour: number,
): Step[] {
  let id = '';
  // A day between two of them as far as the days last, then minutes.
  const later = (nth: number): Date => (ago - nth >= 1 ? days.ago(ago - nth, hour) : days.ago(1, hour + nth / 60));
  return [
    {
      at: days.ago(ago, hour),
      tell: async ({ resourceOrder }, past) => {
        const described = preservedAttributes({ name, relatedParty: [partyOf(customer(of))] });
        const input = {
          ...described,
          ...(category && { category }),
          ...(priority !== undefined && { priority }),
          orderItem: itemsOf(goods),
        };
        ({ id } = (await resourceOrder.orders.create(past.write(), input)).answer);
      },
    },
    ...moves.map((move, index): Step => {
      const [item = '', state = ''] = move.split(':');
      return {
        at: later(index + 1),
        tell: ({ resourceOrder }, past) => resourceOrder.orders.updateItem(past.write(), { id }, item, { state }),
      };
    }),
    ...(lead
      ? [
          {
            at: later(1),
            tell: (({ resourceOrder }, past) =>
              resourceOrder.orders.update(past.write(), { id, input: { state: lead } })) satisfies Step['tell'],
          },
        ]
      : []),
    ...(cancel || cancelInDays
      ? [
          {
            at: later(moves.length + 1),
            tell: (({ resourceOrder }, past) =>
              resourceOrder.cancellations.create(past.write(), {
                ...cancel,
                ...(cancelInDays && { requestedCancellationDate: days.inDays(cancelInDays) }),
                resourceOrder: { id },
              })) satisfies Step['tell'],
          },
        ]
      : []),
  ];
}

/** The items in their order; each is of no use before the first is there. */
function itemsOf(goods: Goods): { id: string }[] {
  const [first] = Object.keys(goods);
  return Object.entries(goods).map(([id, name]) => {
    const resource = {
      name,
      atType: id === 'number' ? 'LogicalResource' : 'PhysicalResource',
      resourceSpecification: { id: `spec-${id}`, name },
    };
    const relationship =
      id === first ? {} : { orderItemRelationship: [{ relationshipType: 'dependsOn', orderItem: { itemId: first } }] };
    return { id, ...preservedAttributes({ action: 'add', quantity: 1, resource, ...relationship }) };
  });
}
