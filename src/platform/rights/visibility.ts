import type { Prisma } from '../../../prisma/generated/client.js';
import type { JsonObject } from '../json-object.js';
import { lowerFirst } from '../letter-case.js';
import type { Principal } from '../principal.js';
import type { ResourceMapping } from '../read/resource-mapping.js';
import { WriteGuard } from './guard.js';
import { isOwned, namesOneOwner, type Owner } from './ownership.js';
import type { Granted, Rights } from './rights.js';

/** Which rows a principal may see, where it may not see all of them. */
export class Visibility {
  /** The same for those who see the same. */
  readonly key: string;

  constructor(
    private readonly rights: Rights,
    readonly owner: Owner,
  ) {
    this.key = JSON.stringify([rights.key, owner.parties, owner.accounts, owner.logicalResources, owner.principal]);
  }

  /** The condition on rows of a resource under this alias; undefined: all are seen. */
  condition(mapping: ResourceMapping, alias: string, tenantId: string): Prisma.Sql | undefined {
    return this.isRestricted(mapping) ? isOwned(mapping, alias, tenantId, this.owner) : undefined;
  }

  /** The same of a row that is at hand, as far as it names its owners itself. */
  sees(mapping: ResourceMapping, row: JsonObject): boolean {
    return !this.isRestricted(mapping) || namesOneOwner(mapping, row, this.owner);
  }

  /** Whether rows of a resource may be hidden; where reading them is not granted at all, others than one's own are. */
  isRestricted({ name }: ResourceMapping): boolean {
    return this.rights.grantOf(`${lowerFirst(name)}:read`)?.rows !== 'all';
  }
}

/** What a principal may do and see. */
export interface Access {
  readonly rights: Rights;
  /** Undefined: it sees all rows. */
  readonly visibility: Visibility | undefined;
  /** The same for those whose plans are the same: the rights, where they hide something; else empty. */
  readonly form: string;
  /** What may be written of an operation. */
  guard(operation: string, granted: Granted): WriteGuard;
}

/** @param reads the rights to read of all resources: who has those that it has for all rows sees everything */
export function accessOf(
  { kind, id, parties, accounts, logicalResources }: Principal,
  rights: Rights,
  partyRoles: readonly string[],
  reads: readonly string[],
): Access {
  const seesAll = reads.every((operation) => rights.grantOf(operation)?.rows !== 'own');
  const owner = { parties, accounts, logicalResources, partyRoles, principal: id };
  return {
    rights,
    visibility: seesAll ? undefined : new Visibility(rights, owner),
    form: seesAll && !rights.hides ? '' : rights.key,
    guard: (operation, granted) => new WriteGuard(`${kind} ${id}`, operation, granted, owner),
  };
}
