import { unsettledRates } from '../../../domain/customer-bill/index.js';
import {
  deleteArchivedActions,
  putBackActions,
  putBackEntries,
  readEntries,
  readFinishedActions,
} from '../../../domain/prepay-balance/index.js';
import {
  deleteArchivedUsages,
  dropArchivedUsages,
  putBackUsages,
  readFinishedUsages,
} from '../../../domain/usage/index.js';
import type { Database, Transaction } from '../../../platform/database/database.js';
import type { ArchivedRow, ArchiveRange } from '../../../platform/database/kept-rows.js';
import type { KindName } from './manifest.js';

/** Rows that are read at once. */
const pageMax = 500;

interface Kind {
  /** The next rows, and where to go on; undefined: there are no more. */
  read(
    database: Database,
    range: ArchiveRange,
  ): Promise<{ rows: readonly ArchivedRow[]; next: ArchiveRange['after'] | undefined }>;
  /** Answers what differs. */
  putBack(tx: Transaction, lines: readonly string[]): Promise<string[]>;
  /** Answers how many were deleted; absent: what is of this kind stays. */
  remove?(tx: Transaction, tenantId: string, lines: readonly string[]): Promise<number>;
  /** Drops the partitions that have nothing else, and answers how many rows went with them. */
  drop?: typeof dropArchivedUsages;
}

function pageOf<Row extends ArchivedRow>(rows: readonly Row[]): { rows: readonly Row[]; next: Row['key'] | undefined } {
  return { rows, next: rows.length < pageMax ? undefined : rows.at(-1)?.key };
}

export const kinds: Readonly<Record<KindName, Kind>> = {
  usage: {
    read: async (database, range) => {
      const { rows, next } = pageOf(await readFinishedUsages(database, range));
      // What is on a draft may yet come off it.
      const open = new Set(
        await unsettledRates(
          database,
          range.tenantId,
          rows.flatMap(({ rates }) => rates),
        ),
      );
      return { rows: rows.filter(({ rates }) => !rates.some((rate) => open.has(rate))), next };
    },
    putBack: putBackUsages,
    remove: deleteArchivedUsages,
    drop: dropArchivedUsages,
  },
  action: {
    read: async (database, range) => pageOf(await readFinishedActions(database, range)),
    putBack: putBackActions,
    remove: deleteArchivedActions,
  },
  // Every balance is the sum of its entries.
  entry: { read: async (database, range) => pageOf(await readEntries(database, range)), putBack: putBackEntries },
};

/** All rows of a kind, page by page. */
export async function* rowsOf(
  database: Database,
  kind: KindName,
  tenantId: string,
  before: Date,
): AsyncGenerator<readonly ArchivedRow[]> {
  let after: ArchiveRange['after'] | undefined = [];
  while (after !== undefined) {
    const page: Awaited<ReturnType<Kind['read']>> = await kinds[kind].read(database, {
      tenantId,
      before,
      after,
      limit: pageMax,
    });
    yield page.rows;
    after = page.next;
  }
}
