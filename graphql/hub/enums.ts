import { deadLetterStates, hubApis } from '../../src/domain/hub/model.js';
import { enumOf } from '../enum.js';

export const HubApi = enumOf('HubApi', 'Our own: an API with whose hub one can register.', hubApis, {
  TMF654: 'Prepay Balance Management.',
  TMF635: 'Usage Management.',
  TMF678: 'Customer Bill Management.',
  TMF652: 'Resource Ordering Management.',
});

export const HubDeadLetterState = enumOf(
  'HubDeadLetterState',
  'Our own: whether an event that could not be delivered is to be sent again.',
  deadLetterStates,
  { dead: 'It is given up.', waiting: 'It is to be sent once more.' },
);
