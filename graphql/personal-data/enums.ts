import { erasureStates } from '../../src/domain/personal-data/model.js';
import { enumOf } from '../enum.js';

export const PartyErasureState = enumOf(
  'PartyErasureState',
  'Our own: the state of the task of forgetting a party.',
  erasureStates,
  { inProgress: 'Places are being gone through.', done: 'All places are gone through.' },
);
