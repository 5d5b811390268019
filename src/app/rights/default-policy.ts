import type { PolicyText } from '../../platform/rights/policy.js';

/** Reads of what a customer has. */
const customerReads = [
  'bucket:read',
  'accumulatedBalance:read',
  'balanceAction:read',
  'topupBalance:read',
  'adjustBalance:read',
  'reserveBalance:read',
  'transferBalance:read',
  'ledgerEntry:read',
  'usage:read',
  'usageAggregate:read',
  'customerBill:read',
  'customerBill:readDocument',
  'customerBillOnDemand:read',
  'appliedCustomerBillingRate:read',
  'resourceOrder:read',
  'cancelResourceOrder:read',
  'party:read',
  'billingAccount:read',
  'logicalResource:read',
  'spendLimit:read',
];

/** What the operator publishes for everybody, and links to the files that one may fetch. */
const catalogueReads = ['signedLink:read', 'usageSpecification:read', 'billCycle:read', 'billCycleSpecification:read'];

const staffReads = [...customerReads, ...catalogueReads, 'aggregatedUsage:read', 'billRun:read'];

/** To be told of what one may read. */
const ownHubs = ['hub:*', 'hubDeadLetter:*'];

const balanceActions = ['topupBalance', 'adjustBalance', 'reserveBalance', 'transferBalance'];
const anyVerb = (resources: readonly string[]): string[] => resources.map((resource) => `${resource}:*`);

/** The policy where no POLICY_FILE names another (docs/rights.md). */
export const defaultPolicy: PolicyText = {
  partyRoles: ['customer', 'owner', 'user'],
  roles: {
    admin: { description: 'Everything in the tenant.', grants: [{ operations: ['*:*'] }] },
    installation: {
      description: 'Administers the installation: makes, suspends and resumes tenants, and watches the server.',
      grants: [{ operations: ['tenant:*', 'server:watch'] }],
    },
    operator: {
      description: 'Runs the service: all resources, but neither identities nor the audit.',
      grants: [
        {
          operations: [
            ...staffReads,
            ...anyVerb(['bucket', ...balanceActions, 'usage', 'usageSpecification', 'usageImport', 'usageExport']),
            ...anyVerb(['resourceOrder', 'cancelResourceOrder', 'spendLimit']),
            'server:watch',
          ],
        },
        { operations: ownHubs, rows: 'own' },
      ],
    },
    biller: {
      description:
        'Bills: cycles, runs, bills, rates, payments and the rating of usages; reads what bills are made from.',
      grants: [
        {
          operations: [
            ...staffReads,
            ...anyVerb(['customerBill', 'customerBillOnDemand', 'appliedCustomerBillingRate']),
            ...anyVerb(['billCycle', 'billCycleSpecification', 'billRun']),
            'usage:rate',
            'usage:createRatesFrom',
            ...anyVerb(['usageExport']),
          ],
        },
        { operations: ownHubs, rows: 'own' },
      ],
    },
    agent: {
      description:
        'Cares for customers: reads everything of theirs, orders for them, and grants goodwill within bounds.',
      grants: [
        {
          operations: [
            ...staffReads,
            'customerBillOnDemand:create',
            'resourceOrder:create',
            'resourceOrder:update',
            'cancelResourceOrder:create',
          ],
        },
        {
          operations: ['topupBalance:create', 'adjustBalance:create', 'transferBalance:create'],
          bounds: [
            { units: 'EUR', perAction: '20', perDay: '200' },
            { units: 'USD', perAction: '20', perDay: '200' },
            { units: 'GBP', perAction: '20', perDay: '200' },
            { units: 'GB', perAction: '5', perDay: '50' },
            { units: 'min', perAction: '100', perDay: '1000' },
            { units: 'SMS', perAction: '100', perDay: '1000' },
          ],
        },
      ],
    },
    reader: {
      description: 'Reads all resources, but neither identities nor the audit.',
      grants: [
        { operations: [...staffReads, 'usageImport:read', 'usageExport:read'] },
        { operations: ownHubs, rows: 'own' },
      ],
    },
    customer: {
      description: 'Sees what is its own, and the catalogue; transfers from its buckets, orders, and asks for a bill.',
      grants: [
        { operations: customerReads, rows: 'own' },
        { operations: catalogueReads },
        {
          operations: [
            'transferBalance:create',
            'customerBillOnDemand:create',
            'resourceOrder:create',
            'cancelResourceOrder:create',
          ],
          rows: 'own',
        },
      ],
    },
    ingest: {
      description: 'Brings usages in, one by one or by files; reads nothing but how its imports went.',
      grants: [{ operations: ['usage:create', ...anyVerb(['usageImport']), 'signedLink:read'] }],
    },
  },
};
