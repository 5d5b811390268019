import type { GraphQLSchema } from 'graphql';
import { operationsOfSchema } from '../../../graphql/rights/operations.js';
import type { Principal } from '../../platform/principal.js';
import { Rights, type Policies } from '../../platform/rights/rights.js';
import { accessOf, type Access } from '../../platform/rights/visibility.js';

/** Where nobody has to tell who they are, the policy knows nobody. */
const allRights = new Rights('*', [{ grants: [{ operations: ['*:*', 'tenant:*'], rows: 'all' }] }]);

/** What principals may do and see by these policies; found once for each principal. */
export function accessBy(policies: Policies, schema: GraphQLSchema): (principal: Principal) => Access {
  const reads = [...operationsOfSchema(schema).all].filter((operation) => operation.endsWith(':read'));
  const known = new WeakMap<Principal, Access>();
  return (principal) => {
    let access = known.get(principal);
    if (access === undefined) {
      const rights = principal.kind === 'anonymous' ? allRights : policies.rightsOf(principal.roles);
      access = accessOf(principal, rights, policies.policy.partyRoles, reads);
      known.set(principal, access);
    }
    return access;
  };
}
