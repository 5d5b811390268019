import { exportTransitions, usageTransitions } from '../../src/domain/usage/transitions.js';
import { enumOf } from '../enum.js';

export const UsageStatusType = enumOf(
  'UsageStatusType',
  'TMF635: the status of a usage.',
  Object.keys(usageTransitions),
  {
    received: 'It was collected.',
    guided: 'It was found whom it belongs to.',
    rejected: 'It cannot be rated as it is.',
    recycled: 'It was rejected, and is tried again.',
    rated: 'It has a price, and waits for its bill.',
    rerated: 'It is marked to be rated again, and not billed before it is.',
    billed: 'It is on a bill.',
  },
);

export const JobStateType = enumOf(
  'JobStateType',
  'The status of an import or export.',
  Object.keys(exportTransitions),
  {
    notStarted: 'Nothing was sent or fetched yet.',
    running: 'It is under way.',
    succeeded: 'It is done.',
    failed: 'It broke off: message says why.',
  },
);
