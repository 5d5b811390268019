import type { Domains } from '../../../domain/domains.js';
import { simulatedCategory, type ResourceOrderDomain } from '../../../domain/resource-order/index.js';
import type { SeedDependencies } from '../../app-context.js';
import { kitKeys, preservedAttributes } from '../seeded.js';
import { jane, once, stepsOf } from './kit-data.js';

const seededKey = kitKeys.orders;

/** An order: its name, the state changes of its items (`item:state`), and what a client does with it afterwards. */
interface DemoOrder {
  name: string;
  moves?: readonly string[];
  lead?: string;
  cancel?: object;
  more?: object;
}

const demoOrders: readonly DemoOrder[] = [
  { name: 'Just ordered', more: { priority: 4 } },
  { name: 'Under way', moves: ['line:inProgress'], more: { category: simulatedCategory } },
  { name: 'Half done', moves: ['line:inProgress', 'line:completed', 'router:inProgress'] },
  { name: 'Held back', lead: 'held', more: { priority: 2 } },
  { name: 'Waiting for the address', moves: ['line:inProgress', 'line:pending'] },
  { name: 'Done', moves: ['line:inProgress', 'line:completed', 'router:inProgress', 'router:completed'] },
  { name: 'Failed', moves: ['line:failed', 'router:failed'] },
  { name: 'Done in part', moves: ['line:inProgress', 'line:completed', 'router:failed'] },
  { name: 'Cancelled', moves: ['line:inProgress'], cancel: { cancellationReason: 'no longer required' } },
  { name: 'Refused', lead: 'rejected', more: { priority: 0 } },
];

/** Writes ten orders in different states, one of them with its cancellation. */
export async function seedResourceOrder(
  { database, logger }: SeedDependencies,
  { resourceOrder }: Domains,
): Promise<void> {
  await once(database, seededKey, async () => {
    for (const order of demoOrders) await writeOrder(resourceOrder, order);
    logger.info('kit orders written');
  });
}

async function writeOrder(
  { orders, cancellations }: ResourceOrderDomain,
  { name, moves = [], lead, cancel, more }: DemoOrder,
): Promise<void> {
  const step = stepsOf(`${seededKey} ${name}`);
  const { answer } = await orders.create(step(), {
    ...more,
    ...preservedAttributes({ name, relatedParty: [jane] }),
    orderItem: itemsOfLine(),
  });
  const { id } = answer;
  for (const move of moves) {
    const [itemId = '', state = ''] = move.split(':');
    await orders.updateItem(step(), { id }, itemId, { state });
  }
  if (lead) await orders.update(step(), { id, input: { state: lead } });
  if (cancel) await cancellations.create(step(), { ...cancel, resourceOrder: { id } });
}

/** A line, and a router that is of no use before the line is there. */
function itemsOfLine(): { id: string }[] {
  const dependsOn = { relationshipType: 'dependsOn', orderItem: { itemId: 'line' } };
  return [
    resourceItem('line', 'Optical fibre line', 'spec-fibre'),
    {
      ...resourceItem('router', 'Home router', 'spec-router'),
      ...preservedAttributes({ orderItemRelationship: [dependsOn] }),
    },
  ];
}

function resourceItem(id: string, name: string, specification: string): { id: string } {
  const resource = { name, atType: 'PhysicalResource', resourceSpecification: { id: specification, name } };
  return { id, ...preservedAttributes({ action: 'add', quantity: 1, resource }) };
}
