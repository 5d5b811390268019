import type { Backfill, BackfillBatch } from '../../platform/database/backfills.js';
import type { Transaction } from '../../platform/database/database.js';
import type { JsonObject } from '../../platform/json-object.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { writeAll } from '../../platform/write/write-all.js';
import { nextNamingRows, writesOfNames } from './directory.store.js';
import { Names } from './names.js';

const rowsPerBatch = 500;

/** How far it has come: the number of the resource, and the key of the last row that was looked at. */
type Reached = readonly [resource: number, tenantId: string, id: string];

/**
 * Fills the directory with what all rows name, resource after resource, the newest rows first: of several names the first
 * one found stays, and none that was given meanwhile is replaced. It only ever adds, so that it may run beside writes.
 */
export function fillingDirectory(name: string, mappings: readonly ResourceMapping[]): Backfill {
  return { name, isBlocking: false, batch: (tx, after) => fillSome(tx, mappings, after) };
}

async function fillSome(
  tx: Transaction,
  mappings: readonly ResourceMapping[],
  after: string | undefined,
): Promise<BackfillBatch> {
  const [number, ...key] = after === undefined ? [0] : (JSON.parse(after) as Reached);
  const mapping = mappings[number];
  if (mapping === undefined) return { next: undefined, changed: 0 };
  const rows = await nextNamingRows(tx, mapping, key.length === 2 ? key : undefined, rowsPerBatch);
  const last = rows.at(-1);
  for (const tenantId of new Set(rows.map((row) => row.tenantId))) {
    const own = rows.filter((row) => row.tenantId === tenantId).reverse();
    const names = new Names().add(
      mapping.name,
      own.map(({ row }) => JSON.parse(row) as JsonObject),
    );
    await writeAll(tx, writesOfNames(tenantId, names, 'earlier'));
  }
  const next: readonly unknown[] = last ? [number, last.tenantId, last.id] : [number + 1];
  return { next: JSON.stringify(next), changed: rows.length };
}
