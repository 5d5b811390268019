import type { EventResource } from '../events.js';
import type { JsonValue } from '../../platform/json-object.js';

// Which resources are held about a party: those that are its own, and those that name it, in whatever role.

/** What a column contains when it names this id. */
type Naming = (id: string) => readonly JsonValue[];

/** A resource, and the columns of its table that may name a party or an account besides those that make it own. */
export interface Held {
  readonly resource: EventResource;
  readonly parties: Readonly<Record<string, Naming>>;
  readonly accounts?: Readonly<Record<string, Naming>>;
}

const one: Naming = (id) => [{ id }];
const list: Naming = (id) => [[{ id }]];
/** As resources of an order name it, on both levels. */
const ordered: Naming = (id) => [
  [{ resource: { relatedParty: [{ id }] } }],
  [{ resource: { resourceRelationship: [{ resource: { relatedParty: [{ id }] } }] } }],
];

const action = {
  parties: { relatedParty: list, requestor: one, receiver: one },
  accounts: { receiverPartyAccount: one },
};

/** In this order they are handed out. */
export const held: readonly Held[] = [
  { resource: 'bucket', parties: { relatedParty: list } },
  { resource: 'topupBalance', ...action },
  { resource: 'adjustBalance', ...action },
  { resource: 'reserveBalance', ...action },
  { resource: 'transferBalance', ...action },
  { resource: 'usage', parties: { relatedParty: list } },
  { resource: 'usageSpecification', parties: { relatedParty: list } },
  { resource: 'customerBill', parties: { relatedParty: list }, accounts: { financialAccount: one } },
  { resource: 'customerBillOnDemand', parties: { relatedParty: one } },
  { resource: 'appliedCustomerBillingRate', parties: {} },
  { resource: 'resourceOrder', parties: { relatedParty: list, orderItem: ordered } },
  { resource: 'cancelResourceOrder', parties: {} },
];
