import type { ApiDescriptor } from '../api.js';
import { prepayBalance } from './prepay-balance.js';
import { usage } from './usage.js';

export const apis: readonly ApiDescriptor[] = [prepayBalance, usage];
