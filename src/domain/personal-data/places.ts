import type { EventResource } from '../events.js';

// Where people may be named: every column of JSON in the database is in this file, or the test of it fails.

/** A table in which a party, or an account, may be named. */
export interface Place {
  readonly table: string;
  /** Resources that its rows are: a row that changes is their next version, with its event. Absent: they have neither. */
  readonly resources?: readonly EventResource[];
  /** Columns of JSON; each is searched through to its depths. */
  readonly json: readonly string[];
  /** Columns of text that holds JSON. */
  readonly jsonText?: readonly string[];
  /** Columns of text in which people write: of rows that name the party, and of those that have a name that was given. */
  readonly texts?: readonly string[];
  /** Its rows are parties, or accounts, by their ids: of one that is forgotten the texts go whole. */
  readonly rowsAre?: 'parties' | 'accounts';
  /** Whether it has lastUpdate beside updatedAt. */
  readonly hasLastUpdate?: boolean;
  /** Rows that are changed in one go, where they are large. */
  readonly rowsMax?: number;
}

const actions = ['topupBalance', 'adjustBalance', 'reserveBalance', 'transferBalance'] as const;

/** In this order: copies of resources come after them, since changes of resources make copies. */
export const places: readonly Place[] = [
  {
    table: 'Bucket',
    resources: ['bucket'],
    json: [
      ...['logicalResource', 'partyAccount', 'product', 'relatedParty', 'threshold', 'lastReachedThreshold'],
      'extension',
    ],
    texts: ['name', 'description', 'remainingValueName'],
  },
  {
    table: 'BalanceAction',
    resources: actions,
    json: [
      ...['bucket', 'channel', 'impactedBucket', 'logicalResource', 'partyAccount', 'product', 'relatedParty'],
      ...['requestor', 'extension', 'payment', 'paymentMethod', 'relatedTopupBalance', 'reserveBalance', 'usage'],
      ...['receiver', 'receiverBucket', 'receiverLogicalResource', 'receiverPartyAccount', 'receiverProduct'],
    ],
    texts: ['description', 'reason'],
  },
  // Besides, whoever writes the owners of a bucket writes it.
  { table: 'BalanceGroup', json: ['logicalResource', 'partyAccount', 'product', 'relatedParty'] },
  {
    table: 'Usage',
    resources: ['usage'],
    json: [
      ...['ratedProductUsage', 'chargeTo', 'adjustBalance', 'relatedParty', 'usageCharacteristic'],
      ...['usageSpecification', 'extension'],
    ],
    texts: ['description'],
  },
  {
    table: 'UsageSpecification',
    resources: ['usageSpecification'],
    json: [
      ...['attachment', 'constraint', 'entitySpecRelationship', 'relatedParty', 'specCharacteristic'],
      ...['targetEntitySchema', 'extension'],
    ],
    texts: ['description'],
    hasLastUpdate: true,
  },
  { table: 'UsageImport', json: ['extension'] },
  { table: 'UsageImportBatch', json: [], jsonText: ['rows'], rowsMax: 1 },
  { table: 'UsageImportProblem', json: [], texts: ['message'] },
  { table: 'UsageExport', json: ['extension'] },
  {
    table: 'CustomerBill',
    resources: ['customerBill'],
    json: [
      ...['appliedPayment', 'billCycle', 'billDocument', 'billingAccount', 'financialAccount', 'paymentMethod'],
      ...['relatedParty', 'taxItem', 'extension'],
    ],
    hasLastUpdate: true,
  },
  {
    table: 'AppliedCustomerBillingRate',
    resources: ['appliedCustomerBillingRate'],
    json: ['appliedTax', 'bill', 'billingAccount', 'characteristic', 'product', 'extension'],
    texts: ['name', 'description'],
  },
  {
    table: 'CustomerBillOnDemand',
    resources: ['customerBillOnDemand'],
    json: ['billingAccount', 'customerBill', 'relatedParty', 'bucket', 'extension'],
    texts: ['name', 'description'],
    hasLastUpdate: true,
  },
  {
    table: 'BillCycle',
    resources: ['billCycle'],
    json: ['billCycleSpecification', 'extension'],
    texts: ['description'],
  },
  {
    table: 'BillCycleSpecification',
    resources: ['billCycleSpecification'],
    json: ['extension'],
    texts: ['description'],
  },
  { table: 'BillRun', json: ['extension'] },
  { table: 'BillRunPreview', json: ['bill'] },
  {
    table: 'ResourceOrder',
    resources: ['resourceOrder'],
    json: ['externalReference', 'note', 'orderItem', 'relatedParty', 'extension'],
    texts: ['name', 'description', 'cancellationReason'],
  },
  {
    table: 'CancelResourceOrder',
    resources: ['cancelResourceOrder'],
    json: ['resourceOrder', 'orderItem', 'extension'],
    texts: ['cancellationReason'],
  },
  { table: 'SpendLimit', resources: ['spendLimit'], json: ['billingAccount', 'relatedParty'], texts: ['name'] },
  { table: 'Party', json: [], texts: ['name'], rowsAre: 'parties' },
  { table: 'BillingAccount', json: [], texts: ['name'], rowsAre: 'accounts' },
  { table: 'LogicalResource', json: [], texts: ['name'] },
  { table: 'Idempotency', json: ['outcome'] },
  { table: 'Outbox', json: ['payload'] },
];

/** Columns of JSON in which nobody is named, each with the reason. */
export const nameless: Readonly<Record<string, string>> = {
  'ServerState.value': 'facts of the server about itself',
  'Tenant.settings': 'settings of a tenant: its zone, and names of companies',
  'UsageOrigin.digests': 'digests of 72 bits by which a second delivery is known; none can be read back',
  'BillRun.billCycle': 'a cycle of the operator',
  'BillRun.failure': 'ids of accounts and messages of the server, which name nothing but ids',
  'PartyErasure.account': 'ids',
  'AuditRecord.resourceIds': 'ids',
  'Outbox.impact': 'ids and amounts of buckets',
  'Hub.subscriber': 'ids, and names of roles',
  'HubCursor.delivered': 'ids of events',
  'BrokerCursor.delivered': 'ids of events',
  'ApiKey.roles': 'names of roles',
  'ApiKey.parties': 'ids',
  'ApiKey.accounts': 'ids',
  'ApiKey.logicalResources': 'ids',
};
