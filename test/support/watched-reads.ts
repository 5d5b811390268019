import { expect } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import type { Database, ReadOptions } from '../../src/platform/database/database.js';
import { nothingDue, Reader } from '../../src/platform/read/reader.js';

export interface WatchedReads {
  readonly reader: Reader;
  /** The one statement that the work asks of the reader. */
  statementOf(work: () => Promise<unknown>): Promise<Prisma.Sql>;
  /** How the database would run it. */
  planOf(work: () => Promise<unknown>): Promise<string>;
}

/** A reader whose statements can be looked at. */
export function watchReads(database: Database): WatchedReads {
  const asked: Prisma.Sql[] = [];
  const watched = {
    ...database,
    read: <T>(sql: Prisma.Sql, options: ReadOptions) => (asked.push(sql), database.read<T>(sql, options)),
  } as Database;
  const statementOf = async (work: () => Promise<unknown>): Promise<Prisma.Sql> => {
    asked.length = 0;
    await work();
    expect(asked).toHaveLength(1);
    return asked[0] as Prisma.Sql;
  };
  return {
    reader: new Reader(watched, { countMax: 100_000, bytesMax: 16_777_216 }, nothingDue),
    statementOf,
    planOf: async (work) => {
      const plan = await database.query<{ 'QUERY PLAN': string }>(Prisma.sql`EXPLAIN ${await statementOf(work)}`);
      return plan.map((line) => line['QUERY PLAN']).join('\n');
    },
  };
}
