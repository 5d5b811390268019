import type { ApiDescriptor } from './api.js';
import { customerBill } from './customer-bill.js';
import { prepayBalance } from './prepay-balance.js';
import { resourceOrder } from './resource-order.js';
import { usage } from './usage.js';

export const apis: readonly ApiDescriptor[] = [prepayBalance, usage, customerBill, resourceOrder];
