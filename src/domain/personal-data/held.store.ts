import { Prisma } from '../../../prisma/generated/client.js';
import { fixedConditions, identifier } from '../../platform/read/columns.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { SnapshotReads } from '../../platform/read/snapshot.js';
import { isOwned } from '../../platform/rights/ownership.js';
import type { Held } from './held.js';

/** Whose data are meant. */
export interface DataSubject {
  readonly tenantId: string;
  readonly party: string;
  readonly accounts: readonly string[];
  /** Roles in which a relatedParty owns. */
  readonly partyRoles: readonly string[];
}

/** Ids of the next resources behind one that are held about a party, in order. */
export async function readHeld(
  reads: SnapshotReads,
  mapping: ResourceMapping,
  { parties, accounts = {} }: Held,
  { tenantId, party, accounts: ownAccounts, partyRoles }: DataSubject,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const contains = (column: string, values: readonly unknown[]): Prisma.Sql[] =>
    values.map((value) => Prisma.sql`b.${Prisma.raw(identifier(column))} @> ${JSON.stringify(value)}::jsonb`);
  const owner = { parties: [party], accounts: ownAccounts, logicalResources: [], partyRoles };
  const conditions = [
    ...Object.entries(parties).flatMap(([column, naming]) => contains(column, naming(party))),
    ...Object.entries(accounts).flatMap(([column, naming]) =>
      ownAccounts.flatMap((id) => contains(column, naming(id))),
    ),
    isOwned(mapping, 'b', tenantId, owner),
  ];
  const rows = await reads.read<{ id: string }>(
    Prisma.sql`
      SELECT b."id" FROM ${Prisma.raw(identifier(mapping.table))} b
      WHERE b."tenantId" = ${tenantId} AND b."id" > ${after} ${Prisma.raw(fixedConditions(mapping, 'b'))}
        AND (${Prisma.join(conditions, ' OR ')})
      ORDER BY b."id" LIMIT ${limit}::int`,
    { isPlanKept: false },
  );
  return rows.map(({ id }) => id);
}
