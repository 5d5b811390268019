import { spendPeriods } from '../../src/domain/spend-limit/model.js';
import { enumOf } from '../enum.js';

export const SpendPeriod = enumOf(
  'SpendPeriod',
  'Our own: how long a limit counts what is spent, on the calendar of the tenant.',
  spendPeriods,
  { day: 'From midnight to midnight.', week: 'From Monday to Sunday.', month: 'A month of the calendar.' },
);
