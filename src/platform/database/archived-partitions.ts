import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction } from './database.js';
import { partitionsByTime } from './partition-by-time.js';
import type { PartitionLog } from './range-partitions.js';

/** How long whoever changes rows of a partition may wait until they are found to be as they were archived. */
const comparingMaxMs = 600_000;

/** What an archive has of a table: the rows lie in each line under a name. */
export interface ArchivedTable {
  readonly table: string;
  readonly part: string;
  /** The archive has what was finished before. */
  readonly before: Date;
  readonly batches: AsyncIterable<readonly string[]>;
}

/** Number of rows, and a sum over them that does not depend on their order. */
interface Digest {
  readonly rows: number;
  readonly sum: string;
}

/**
 * Drops the partitions that have ended and in which there is nothing but what is archived, as it is archived. Nobody changes them meanwhile.
 * @returns how many rows they had
 */
export async function dropArchived(
  database: Database,
  { table, part, before, batches }: ArchivedTable,
  log: PartitionLog,
): Promise<number> {
  const partitions = await partitionsByTime(database, table, log);
  const ended = (await partitions?.endedBefore(before)) ?? [];
  if (partitions === undefined || ended.length === 0) return 0;
  const archived = new Map<string, Digest>();
  for await (const lines of batches)
    for (const [name, { rows, sum }] of await digestsOf(database, part, lines, ended)) {
      const known = archived.get(name);
      const sums = BigInt(known?.sum ?? 0) + BigInt(sum);
      archived.set(name, { rows: (known?.rows ?? 0) + rows, sum: String(sums) });
    }
  let dropped = 0;
  for (const { name } of ended) {
    const digest = archived.get(name) ?? { rows: 0, sum: '0' };
    const isSame = async (tx: Transaction): Promise<boolean> => {
      await tx.execute(Prisma.raw(`LOCK TABLE public."${name}" IN SHARE MODE`));
      const [now] = await tx.query<Digest>(
        Prisma.raw(`
        SELECT count(*)::int AS "rows", COALESCE(sum(hashtextextended(to_jsonb(t)::text, 0)::numeric), 0)::text AS "sum" FROM public."${name}" t`),
      );
      return now?.rows === digest.rows && now.sum === digest.sum;
    };
    if (await partitions.drop(name, isSame, { workClass: 'job', timeoutMs: comparingMaxMs })) dropped += digest.rows;
  }
  return dropped;
}

/** What lines come to, by the partition that the id of their row belongs to. */
async function digestsOf(
  database: Database,
  part: string,
  lines: readonly string[],
  partitions: readonly { readonly name: string; readonly from: string; readonly to: string }[],
): Promise<(readonly [string, Digest])[]> {
  const rows = await database.query<Digest & { name: string }>(Prisma.sql`
    SELECT p."name", count(*)::int AS "rows", sum(hashtextextended((e.value->${part}::text)::text, 0)::numeric)::text AS "sum"
    FROM jsonb_array_elements(${`[${lines.join(',')}]`}::jsonb) e
    JOIN jsonb_to_recordset(${JSON.stringify(partitions)}::jsonb) AS p("name" text, "from" text, "to" text)
      ON e.value->${part}::text->>'id' COLLATE "C" >= p."from" AND e.value->${part}::text->>'id' COLLATE "C" < p."to"
    GROUP BY 1`);
  return rows.map(({ name, ...digest }) => [name, digest]);
}
