import { tenantStates } from '../../src/domain/tenancy/model.js';
import { enumOf } from '../enum.js';

export const TenantState = enumOf('TenantState', 'Our own: the state of a tenant.', tenantStates, {
  active: 'Its principals are let in.',
  suspended: 'Its tokens and keys are refused with 401.',
});
