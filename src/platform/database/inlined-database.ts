import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Statements } from './database.js';
import { withFunctionsInline, withoutLockOfAll, withTenantNamed, type SqlFunctions } from './inline-functions.js';

/** Texts that are remembered; those of filters differ without end. */
const knownMax = 2_000;

/** How a text is put together of values: what stands between them, and which value comes where. */
interface Parts {
  readonly strings: readonly string[];
  readonly order: readonly number[];
}

/**
 * The same database, in whose statements stand the bodies of these functions instead of their calls, and which locks no rows of all
 * tenants of these tables.
 */
export function withInlineFunctions(
  database: Database,
  functions: SqlFunctions,
  distributed: ReadonlySet<string>,
): Database {
  const known = new Map<string, Parts | undefined>();
  const partsOf = (text: string): Parts | undefined => {
    if (known.has(text)) return known.get(text);
    const inlined = withoutLockOfAll(withTenantNamed(withFunctionsInline(text, functions)), distributed);
    const parts = inlined === text ? undefined : split(inlined);
    if (known.size >= knownMax) known.clear();
    known.set(text, parts);
    return parts;
  };
  const inline = (sql: Prisma.Sql): Prisma.Sql => {
    const parts = partsOf(sql.text);
    return parts ? Prisma.sql(parts.strings as string[], ...parts.order.map((index) => sql.values[index])) : sql;
  };
  const statementsOf = (tx: Statements): Statements => ({
    query: (sql, options) => tx.query(inline(sql), options),
    execute: (sql) => tx.execute(inline(sql)),
    executeAtEnd: (sql) => tx.executeAtEnd(inline(sql)),
  });
  return {
    ...database,
    query: (sql) => database.query(inline(sql)),
    read: (sql, options) => database.read(inline(sql), options),
    transaction: (work, options) => database.transaction((tx) => work({ ...tx, ...statementsOf(tx) }), options),
    engine: {
      ...database.engine,
      query: (sql, options) => database.engine.query(inline(sql), options),
      transaction: (work) => database.engine.transaction((tx) => work(statementsOf(tx))),
    },
  };
}

function split(text: string): Parts {
  const pieces = text.split(/\$(\d+)/);
  return {
    strings: pieces.filter((_, index) => index % 2 === 0),
    order: pieces.filter((_, index) => index % 2 === 1).map((number) => Number(number) - 1),
  };
}
