import type { GraphQLSchema } from 'graphql';
import { operationsOfSchema } from '../../../graphql/rights/operations.js';
import type { Principal } from '../../platform/principal.js';
import type { Policies } from '../../platform/rights/rights.js';
import { accessOf, type Access } from '../../platform/rights/visibility.js';

/** What principals may do and see by these policies; found once for each principal. */
export function accessBy(policies: Policies, schema: GraphQLSchema): (principal: Principal) => Access {
  const reads = [...operationsOfSchema(schema).all].filter((operation) => operation.endsWith(':read'));
  const known = new WeakMap<Principal, Access>();
  return (principal) => {
    let access = known.get(principal);
    if (access === undefined) {
      access = accessOf(principal, policies.rightsOf(principal.roles), policies.policy.partyRoles, reads);
      known.set(principal, access);
    }
    return access;
  };
}
