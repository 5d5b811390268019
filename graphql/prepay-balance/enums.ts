import { costOwners, recurringPeriods } from '../../src/domain/prepay-balance/command/commands.js';
import { actionKinds } from '../../src/domain/prepay-balance/model.js';
import { actionTransitions, bucketTransitions } from '../../src/domain/prepay-balance/transitions.js';
import { enumOf } from '../enum.js';

export const BucketStatusType = enumOf(
  'BucketStatusType',
  'TMF654: the status of a bucket.',
  Object.keys(bucketTransitions),
  {
    active: 'It can be spent from, within its validity.',
    suspended: 'It is barred until somebody sets it to active.',
    expired: 'Its validity has ended; a new one revives it.',
  },
);

export const ActionStatusType = enumOf(
  'ActionStatusType',
  'TMF654: the status of a balance action.',
  Object.keys(actionTransitions),
  {
    created: 'It is scheduled, awaits its payment, or is a reservation that holds.',
    completed: 'It was applied, or is a reservation that was consumed or has ended.',
    failed: 'It was refused, or its payment failed: nothing moved.',
    cancelled: 'It will not happen, or was undone by compensating entries.',
  },
);

export const BalanceActionKind = enumOf(
  'BalanceActionKind',
  'Our extension: the resource that a balance action was made through.',
  actionKinds,
  {
    topupBalance: 'A top-up.',
    adjustBalance: 'A correction up or down, or the consumption of a reservation.',
    reserveBalance: 'A reservation.',
    transferBalance: 'A transfer to another bucket.',
  },
);

export const RecurringPeriodType = enumOf(
  'RecurringPeriodType',
  'TMF654: how often a recurring top-up happens.',
  recurringPeriods,
  {
    weekly: 'Every seven days.',
    fortnightly: 'Every fourteen days.',
    monthly: 'On the same day of each month, or on its last one where it has no such day.',
  },
);

export const CostOwnerType = enumOf('CostOwnerType', 'TMF654: who bears the cost of a transfer.', costOwners, {
  originator: 'Whose bucket gives: beside the amount.',
  receiver: 'Whose bucket receives: out of what arrives.',
});
