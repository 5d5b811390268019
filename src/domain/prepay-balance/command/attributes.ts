import type { ActionKind } from './commands.js';

// What a PATCH may change of an action beside its status, as TMF654 lists it; what the server tells (dates, impacts) is not in it.

const describing = [
  'description',
  'reason',
  'channel',
  'relatedParty',
  'requestor',
  'atType',
  'atBaseType',
  'atSchemaLocation',
  'extension',
];

/** What only describes an action, and may change at any time. */
export const describingAttributes: Readonly<Record<ActionKind, readonly string[]>> = {
  topupBalance: [...describing, 'voucher', 'payment', 'paymentMethod', 'isAutoTopup', 'relatedTopupBalance'],
  adjustBalance: describing,
  reserveBalance: describing,
  transferBalance: describing,
};

/** Which bucket is meant, beside relatedParty, which describes, too. */
export const locatingAttributes: readonly string[] = ['bucket', 'product', 'logicalResource', 'partyAccount'];
const deciding = ['amount', ...locatingAttributes, 'usageType', 'validFor'];

/** What says what an action does, and when: it may change until the action is applied. */
export const decidingAttributes: Readonly<Record<ActionKind, readonly string[]>> = {
  topupBalance: [...deciding, 'requestedDate', 'recurringPeriod', 'numberOfPeriods'],
  adjustBalance: [...deciding, 'adjustType', 'reserveBalance'],
  reserveBalance: [...deciding, 'expirationDate'],
  transferBalance: [
    ...deciding,
    'receiver',
    'receiverBucket',
    'receiverBucketUsageType',
    'receiverLogicalResource',
    'receiverProduct',
    'receiverPartyAccount',
    'transferCost',
    'costOwner',
  ],
};
