import {
  cancellationTransitions,
  itemTransitions,
  orderTransitions,
} from '../../src/domain/resource-order/transitions.js';
import { itemActions, resourceWords } from '../../src/domain/resource-order/words.js';
import { enumOf } from '../enum.js';

const stateMeanings = {
  acknowledged: 'It was received, and nothing of it is begun.',
  rejected: 'It was not accepted.',
  pending: 'It waits, e.g. for information.',
  held: 'It was stopped, and waits until it is led on.',
  inProgress: 'It is being worked on.',
  cancelled: 'It was cancelled before it was done.',
  completed: 'It is done.',
  failed: 'It could not be done.',
  assessingCancellation: 'It is found out whether it can be cancelled.',
  pendingCancellation: 'It is being cancelled.',
};

export const ResourceOrderStateType = enumOf(
  'ResourceOrderStateType',
  'TMF652: the state of an order.',
  Object.keys(orderTransitions),
  { ...stateMeanings, partial: 'Some of its items are done, and the others are not and will not be.' },
);

export const ResourceOrderItemStateType = enumOf(
  'ResourceOrderItemStateType',
  'TMF652: the state of an item of an order.',
  Object.keys(itemTransitions),
  stateMeanings,
);

export const OrderItemActionType = enumOf(
  'OrderItemActionType',
  'TMF652: what is to be done with a resource.',
  itemActions,
  {
    add: 'It is provided.',
    modify: 'It is changed.',
    delete: 'It is taken away.',
    noChange: 'It stays, and is named because others refer to it.',
  },
);

export const TaskStateType = enumOf(
  'TaskStateType',
  'TMF652: the state of a cancellation.',
  Object.keys(cancellationTransitions),
  {
    accepted: 'Its time has not come.',
    inProgress: 'It is under way.',
    done: 'What it names is cancelled.',
    terminatedWithError: 'It cannot be cancelled: failureMessage says why.',
  },
);

export const ResourceAdministrativeStateType = enumOf(
  'ResourceAdministrativeStateType',
  'TMF652: whether a resource may be used.',
  resourceWords.administrativeState,
  {
    locked: 'It may not be used.',
    unlocked: 'It may be used.',
    shutdown: 'Who uses it may go on, and nobody else begins.',
  },
);

export const ResourceOperationalStateType = enumOf(
  'ResourceOperationalStateType',
  'TMF652: whether a resource works.',
  resourceWords.operationalState,
  { enable: 'It works, wholly or in part.', disable: 'It does not work.' },
);

export const ResourceStatusType = enumOf(
  'ResourceStatusType',
  'TMF652: the status of a resource.',
  resourceWords.resourceStatus,
  {
    standby: 'It is ready to take over.',
    alarm: 'Something is wrong with it.',
    available: 'It can be given to somebody.',
    reserved: 'It is kept for somebody.',
    unknown: 'Nobody knows.',
    suspended: 'It is barred for a while.',
  },
);

export const ResourceUsageStateType = enumOf(
  'ResourceUsageStateType',
  'TMF652: whether a resource is in use.',
  resourceWords.usageState,
  { idle: 'Nobody uses it.', active: 'It is used, and can be used more.', busy: 'It is used as much as it can be.' },
);
