import { runTypes } from '../../src/domain/customer-bill/model.js';
import { billTransitions, onDemandTransitions, runTransitions } from '../../src/domain/customer-bill/transitions.js';
import { enumOf } from '../enum.js';

export const CustomerBillStateType = enumOf(
  'CustomerBillStateType',
  'TMF678: the state of a bill.',
  Object.keys(billTransitions),
  {
    new: 'A draft, which nobody has validated yet.',
    validated: 'Its figures stand.',
    sent: 'The customer has it, and nothing is paid.',
    partiallyPaid: 'A part of it is paid.',
    settled: 'Nothing is left to be paid.',
    onHold: 'It was taken aside, and waits.',
  },
);

export const CustomerBillRunType = enumOf('CustomerBillRunType', 'TMF678: what made a bill.', runTypes, {
  onCycle: 'The run of a cycle.',
  offCycle: 'Another reason, such as a request.',
});

export const CustomerBillOnDemandStateType = enumOf(
  'CustomerBillOnDemandStateType',
  'TMF678: the state of a request for a bill.',
  Object.keys(onDemandTransitions),
  {
    inProgress: 'The bill is being made.',
    done: 'The bill is there.',
    rejected: 'It is not to be made, e.g. as there is nothing to bill: stateReason says why.',
    terminatedWithError: 'It was withdrawn, or could not be made: stateReason says why.',
  },
);

export const BillRunStateType = enumOf(
  'BillRunStateType',
  'Our own: the state of a bill run.',
  Object.keys(runTransitions),
  {
    inProgress: 'Bills are being made.',
    done: 'It has made all of its bills.',
    failed: 'It ended before all bills were made.',
  },
);
