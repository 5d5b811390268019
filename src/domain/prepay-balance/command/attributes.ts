import type { ActionKind, ActionRows } from '../model.js';

// What a PATCH may change of an action beside its status, as TMF654 lists it. What the server sets (dates, impacts) is not in it.

/** Names of attributes, by the kind of action that has them. */
export type AttributesOfKind = { readonly [Kind in ActionKind]: readonly (keyof ActionRows[Kind])[] };

const describing: readonly (keyof ActionRows[ActionKind])[] = [
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
export const describingAttributes: AttributesOfKind = {
  topupBalance: [...describing, 'voucher', 'payment', 'paymentMethod', 'isAutoTopup', 'relatedTopupBalance'],
  adjustBalance: describing,
  reserveBalance: describing,
  transferBalance: describing,
};

/** Which bucket is meant, beside relatedParty, which is descriptive as well. */
export const locatingAttributes: readonly (keyof ActionRows[ActionKind])[] = [
  'bucket',
  'product',
  'logicalResource',
  'partyAccount',
];
const deciding: readonly (keyof ActionRows[ActionKind])[] = ['amount', ...locatingAttributes, 'usageType', 'validFor'];

/** What an action does, and when: it may change until the action is applied. */
export const decidingAttributes: AttributesOfKind = {
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
