import type { CancelResourceOrder, ResourceOrder } from '../../../prisma/generated/client.js';
import type { WriterDependencies } from '../resource-writer.js';
import type { DomainRow, MappingsOf, Reference } from '../row.js';

/** TMF Note. */
export type Note = { id?: string | null; author?: string | null; date?: string | null; text: string };

/** A resource as it is ordered, as far as the domain looks at it. */
export type NestedResource = { note?: Note[] | null };
export type OrderedResource = NestedResource & { resourceRelationship?: { resource?: NestedResource | null }[] | null };

/** How an item relates to another one; the item of another order names that order. */
export type ItemRelationship = {
  relationshipType?: string | null;
  orderItem?: { itemId?: string | null; resourceOrderId?: string | null } | null;
};

/** An item of an order as it is kept. */
export type OrderItem = {
  id: string;
  state: string;
  action?: string | null;
  quantity?: number | null;
  orderItemRelationship?: ItemRelationship[] | null;
  resource?: OrderedResource | null;
};

/** An item as a client gives it: without a state it keeps the one it has. */
export type GivenItem = Omit<OrderItem, 'state'> & { state?: string | null };

/** TMF652 ResourceOrder. */
export type OrderRow = DomainRow<ResourceOrder, { note: Note[]; orderItem: OrderItem[] }, 'tenantId', 'orderItem'>;

/** TMF652 CancelResourceOrder; without items it is about the order as a whole. */
export type CancellationRow = DomainRow<
  CancelResourceOrder,
  { resourceOrder: Reference; orderItem: { itemId: string; resourceOrderId?: string | null }[] },
  'tenantId',
  'resourceOrder'
>;

/** The resources this domain writes. */
export const resourceOrderResources = ['resourceOrder', 'cancelResourceOrder'] as const;

/** What the domain is built on. */
export interface ResourceOrderDependencies extends WriterDependencies {
  readonly mappings: MappingsOf<{ resourceOrder: OrderRow; cancelResourceOrder: CancellationRow }>;
}
