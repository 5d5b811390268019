import { Prisma } from '../../../prisma/generated/client.js';
import { compileFilter } from '../filter/sql/compile.js';
import type { Filter } from '../filter/tree/filter.js';
import type { JsonObject } from '../json-object.js';
import type { Principal } from '../principal.js';
import { identifier } from '../read/columns.js';
import type { ResourceMapping } from '../read/resource-mapping.js';

// What belongs to whom: a closed table of the resources says by which paths a row names its owners (docs/rights.md). Here
// the table becomes one condition, of SQL for reads, and in memory for rows that a write has locked.

/** What a path may name. */
export type OwnerKind = 'party' | 'account' | 'logicalResource' | 'principal';

/** How a row names an owner. */
export interface OwnerPath {
  readonly path: readonly string[];
  readonly of: OwnerKind;
  readonly form:
    /** An object with an id. */
    | 'reference'
    /** A party with its role. */
    | 'party'
    /** A list of such parties. */
    | 'parties'
    /** A list of parties that may be accounts, as their referred type says. */
    | 'accountsAmongParties'
    /** A list of objects with a value, such as numbers; their id counts, too. */
    | 'values'
    /** The id of the owner: the row is the owner itself, or bears nothing else of it. */
    | 'itself';
}

/** How a row lies below one of another resource: what is below an own row is own. */
export type Below = { readonly parent: () => ResourceMapping } & (
  | { readonly column: string }
  | {
      readonly links: string;
      readonly parentColumn: string;
      readonly childColumn: string;
      /** Of a row with several parents all must be own, because it sums them up. */
      readonly isOfAll?: boolean;
      /** SQL that must hold, too; `{row}` is the alias of the row, `{own}` an array of the ids of own parents. */
      readonly condition?: string;
    }
  | { readonly reference: string }
);

/** How the rows of a resource are known to be somebody's. */
export interface Ownership {
  readonly paths: readonly OwnerPath[];
  readonly below?: readonly Below[];
}

/** Whose rows are meant. */
export interface Owner extends Pick<Principal, 'parties' | 'accounts' | 'logicalResources'> {
  /** Roles in which a relatedParty owns. */
  readonly partyRoles: readonly string[];
  /** The principal itself; absent: nobody who sends requests. */
  readonly principal?: string;
}

/** The condition that a row of the resource, under this alias, is the owner's. */
export function isOwned(mapping: ResourceMapping, alias: string, tenantId: string, owner: Owner): Prisma.Sql {
  return ownedBy(mapping, alias, tenantId, owner, 0);
}

function ownedBy(mapping: ResourceMapping, alias: string, tenantId: string, owner: Owner, depth: number): Prisma.Sql {
  const { paths, below = [] } = mapping.ownership ?? { paths: [] };
  const conditions = [
    ...filtersOf(paths, owner).map((filter) => compileFilter(filter, mapping, alias)),
    ...below.map((one) => isBelow(one, mapping, alias, tenantId, owner, depth)),
  ];
  return conditions.length === 0 ? Prisma.sql`FALSE` : Prisma.sql`(${Prisma.join(conditions, ' OR ')})`;
}

/** As arrays, which PostgreSQL makes once: however many it expects, it looks the rows up by an index. */
function isBelow(
  below: Below,
  mapping: ResourceMapping,
  alias: string,
  tenantId: string,
  owner: Owner,
  depth: number,
): Prisma.Sql {
  const parent = below.parent();
  const outer = `o${depth}`;
  const owned = ownedBy(parent, outer, tenantId, owner, depth + 1);
  const from = Prisma.raw(`${identifier(parent.table)} ${outer}`);
  const parents = Prisma.sql`SELECT ${Prisma.raw(`${outer}."id"`)} FROM ${from} WHERE ${Prisma.raw(`${outer}."tenantId"`)} = ${tenantId} AND ${owned}`;
  const of = (column: string): Prisma.Sql => Prisma.raw(`${alias}.${identifier(column)}`);
  if ('column' in below) return Prisma.sql`${of(below.column)} = ANY(ARRAY(${parents}))`;
  const inner = `i${depth}`;
  const within = (column: string): Prisma.Sql => Prisma.raw(`${inner}.${identifier(column)}`);
  if ('links' in below) {
    const { links: table, parentColumn, childColumn } = below;
    const links = Prisma.sql`${Prisma.raw(`${identifier(table)} ${inner}`)} WHERE ${within('tenantId')} = ${tenantId}`;
    const linked = Prisma.sql`${of('id')} = ANY(ARRAY(SELECT ${within(childColumn)} FROM ${links} AND ${within(parentColumn)} = ANY(ARRAY(${parents}))))`;
    if (below.condition !== undefined) {
      const [first = '', ...parts] = below.condition.replaceAll('{row}', alias).split('{own}');
      const condition = parts.reduce(
        (sql, part) => Prisma.sql`${sql}ARRAY(${parents})${Prisma.raw(part)}`,
        Prisma.raw(first),
      );
      return Prisma.sql`(${linked} AND (${condition}))`;
    }
    if (!below.isOfAll) return linked;
    return Prisma.sql`(${linked} AND NOT EXISTS (SELECT 1 FROM ${links} AND ${within(childColumn)} = ${of('id')} AND ${within(parentColumn)} <> ALL(ARRAY(${parents}))))`;
  }
  const rows = Prisma.raw(`${identifier(mapping.table)} ${inner}`);
  return Prisma.sql`${of('id')} = ANY(ARRAY(SELECT ${within('id')} FROM ${from} JOIN ${rows} ON ${within('tenantId')} = ${Prisma.raw(`${outer}."tenantId"`)} AND ${within(below.reference)} @> jsonb_build_object('id', ${Prisma.raw(`${outer}."id"`)}) WHERE ${Prisma.raw(`${outer}."tenantId"`)} = ${tenantId} AND ${owned}))`;
}

/**
 * Whether a row, as it is to be written, is the owner's and nobody else's: all that it names in the place of an owner are the
 * owner's, at least one. That it lies below an own row is not seen.
 */
export function namesOwner(mapping: ResourceMapping, row: JsonObject, owner: Owner): boolean {
  const named = (mapping.ownership?.paths ?? []).flatMap((path) => ownersNamed(path, row, owner));
  return named.length > 0 && named.every((isOwn) => isOwn);
}

/** Whether a row, as it is read, names the owner among others. */
export function namesOneOwner(mapping: ResourceMapping, row: JsonObject, owner: Owner): boolean {
  return (mapping.ownership?.paths ?? []).some((path) => ownersNamed(path, row, owner).includes(true));
}

/** The objects by which a row names somebody by a path, in whatever role. */
export function referencesAt({ path, form }: Omit<OwnerPath, 'of'>, row: JsonObject): JsonObject[] {
  const value = path.reduce<unknown>((outer, name) => (outer as JsonObject | null | undefined)?.[name], row);
  if (form === 'itself') return value ? [{ id: value as string }] : [];
  const named = (Array.isArray(value) ? value : [value]) as (JsonObject | null | undefined)[];
  return named.flatMap((one) => {
    if (!one) return [];
    const isAccount = one['atReferredType'] === 'BillingAccount';
    if (form === 'parties' || form === 'party') return isAccount ? [] : [one];
    return form === 'accountsAmongParties' && !isAccount ? [] : [one];
  });
}

/** Of each owner that a row names by a path, whether it is this one. */
function ownersNamed(by: OwnerPath, row: JsonObject, owner: Owner): boolean[] {
  const own = ownIds(owner, by.of);
  return referencesAt(by, row).flatMap((one) => {
    if ((by.form === 'parties' || by.form === 'party') && !owner.partyRoles.includes(String(one['role']))) return [];
    const ids = (by.form === 'values' ? [one['value'], one['id']] : [one['id']]).filter((id) => id ?? undefined);
    return ids.map((id) => own.includes(String(id)));
  });
}

function ownIds(owner: Owner, of: OwnerKind): readonly string[] {
  const { parties, accounts, logicalResources, principal } = owner;
  if (of === 'principal') return principal === undefined ? [] : [principal];
  return { party: parties, account: accounts, logicalResource: logicalResources }[of];
}

/** One filter for each id, so that the index of each finds its rows. */
function filtersOf(paths: readonly OwnerPath[], owner: Owner): Filter[] {
  return paths.flatMap(({ path, of, form }) => {
    return ownIds(owner, of).map((id): Filter => named(path, form, id, owner.partyRoles));
  });
}

/** The id of an account is no id of a party. */
function noAccount(path: readonly string[]): Filter {
  const isAccount: Filter = {
    kind: 'compare',
    path: [...path, 'atReferredType'],
    operator: 'eq',
    value: 'BillingAccount',
  };
  return { kind: 'not', filter: isAccount };
}

function named(path: readonly string[], form: OwnerPath['form'], id: string, roles: readonly string[]): Filter {
  const equals = (name: string, value: string): Filter => ({
    kind: 'compare',
    path: [name],
    operator: 'eq',
    value,
  });
  const some = (...filters: Filter[]): Filter => ({ kind: 'some', path, filter: { kind: 'and', filters } });
  switch (form) {
    case 'itself':
      return { kind: 'compare', path, operator: 'eq', value: id };
    case 'reference':
      return { kind: 'compare', path: [...path, 'id'], operator: 'eq', value: id };
    case 'party':
      return {
        kind: 'and',
        filters: [
          { kind: 'compare', path: [...path, 'id'], operator: 'eq', value: id },
          { kind: 'compareList', path: [...path, 'role'], operator: 'in', values: roles },
          noAccount(path),
        ],
      };
    case 'parties':
      return some(
        equals('id', id),
        { kind: 'compareList', path: ['role'], operator: 'in', values: roles },
        noAccount([]),
      );
    case 'accountsAmongParties':
      return some(equals('id', id), equals('atReferredType', 'BillingAccount'));
    case 'values':
      return some({ kind: 'or', filters: [equals('value', id), equals('id', id)] });
  }
}
