import { customerBillErrors } from '../../domain/customer-bill/errors.js';
import { prepayBalanceErrors } from '../../domain/prepay-balance/errors.js';
import { resourceOrderErrors } from '../../domain/resource-order/errors.js';

/** What the domains declare; one that has no errors of its own raises those of the platform. */
export const domainErrors = { ...prepayBalanceErrors, ...customerBillErrors, ...resourceOrderErrors };
