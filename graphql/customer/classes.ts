import { ID } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';

// They lead to each other, so they are in one file.

@Resource({
  table: 'Party',
  indexes: { orders: ['name'], searches: ['id', 'name'] },
  description:
    'A party, such as a customer, that something here names: as a relatedParty in whatever role, or as requestor or receiver. Parties are not ours: this is the directory of those that are named.',
})
export class Party {
  @Attribute(() => ID, { required: true, description: 'As what names it has it.' })
  id: string;

  @Attribute(() => String, { description: 'Its name, as it was given last; the first 255 characters of it.' })
  name?: string;

  @Attribute(() => String, { description: 'TMF @referredType, as it was given last: e.g. Individual, Organization.' })
  atReferredType?: string;
}

@Resource({
  table: 'BillingAccount',
  indexes: { orders: ['name'], searches: ['id', 'name'] },
  description:
    'An account of a customer that something here names: as billingAccount or partyAccount, or as a relatedParty with the @referredType BillingAccount. Accounts are not ours: this is the directory of those that are named.',
})
export class BillingAccount {
  @Attribute(() => ID, { required: true, description: 'As bills, rates, usages, buckets and orders name it.' })
  id: string;

  @Attribute(() => String, { description: 'Its name, as it was given last; the first 255 characters of it.' })
  name?: string;
}

@Resource({
  table: 'LogicalResource',
  indexes: { orders: ['name'], searches: ['id', 'name'] },
  description:
    'A logical resource, such as a telephone number, that buckets or balance actions name. This is the directory of those that are named.',
})
export class LogicalResource {
  @Attribute(() => ID, {
    required: true,
    field: 'value',
    description: 'Its value, e.g. the MSISDN; of one that was never given a value, its id.',
  })
  id: string;

  @Attribute(() => String, { description: 'Its name, as it was given last; the first 255 characters of it.' })
  name?: string;
}
