import type { ApiDescriptor } from '../api.js';
import { prepayBalance } from './prepay-balance.js';

export const apis: readonly ApiDescriptor[] = [prepayBalance];
