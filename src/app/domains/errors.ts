import { customerBillErrors } from '../../domain/customer-bill/errors.js';
import { prepayBalanceErrors } from '../../domain/prepay-balance/errors.js';
import { resourceOrderErrors } from '../../domain/resource-order/errors.js';

/** The errors that the domains declare; a domain without errors of its own raises those of the platform. */
export const domainErrors = { ...prepayBalanceErrors, ...customerBillErrors, ...resourceOrderErrors };
