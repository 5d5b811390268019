import { Prisma } from '../../../prisma/generated/client.js';
import type { Statements } from '../database/database.js';
import type { JsonObject } from '../json-object.js';
import { identifier } from '../read/columns.js';
import type { ResourceMapping } from '../read/resource-mapping.js';
import { isOwned, namesOwner, type Owner } from './ownership.js';
import type { Bound } from './policy.js';
import type { Granted } from './rights.js';

/** What a caller may write who may not write everything. The rows that a write has locked are held against it. */
export class WriteGuard {
  constructor(
    /** Who writes, in the tenant. */
    readonly principal: string,
    /** E.g. adjustBalance:create. */
    readonly operation: string,
    private readonly granted: Granted,
    private readonly owner: Owner,
  ) {}

  /** Whether only own rows may be written. */
  get isOwnOnly(): boolean {
    return this.granted.rows === 'own';
  }

  /** Bounds of amounts, by units; undefined: none. */
  get bounds(): readonly Bound[] | undefined {
    return this.granted.bounds;
  }

  /** Those of the rows that are the caller's own. */
  async own(
    tx: Pick<Statements, 'query'>,
    mapping: ResourceMapping,
    tenantId: string,
    ids: readonly string[],
  ): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const rows = await tx.query<{ id: string }>(Prisma.sql`
      SELECT b."id" FROM ${Prisma.raw(identifier(mapping.table))} b
      WHERE b."tenantId" = ${tenantId} AND b."id" = ANY(${[...ids]}::text[]) AND ${isOwned(mapping, 'b', tenantId, this.owner)}`);
    return new Set(rows.map(({ id }) => id));
  }

  /** Whether a row, as it is to be written, names the caller as its owner. */
  isNamedBy(mapping: ResourceMapping, row: JsonObject): boolean {
    return namesOwner(mapping, row, this.owner);
  }
}
