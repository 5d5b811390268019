import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prisma } from '../../prisma/generated/client.js';
import type { Statements, Transaction } from '../../src/platform/database/database.js';
import type { TestDatabase } from './database.js';
import { systemStatements } from './system-statements.js';

/** The tables that have a tenant, from the models. */
const tables = readdirSync('prisma/schema')
  .map((file) => readFileSync(join('prisma/schema', file), 'utf8'))
  .flatMap((schema) => [...schema.matchAll(/^model (\w+) \{(.*?)^\}/gms)])
  .filter(([, , body = '']) => /^\s+tenantId\s/m.test(body))
  .map(([, name = '']) => name);
const touches = new RegExp(`(?:FROM|JOIN|INTO|UPDATE)\\s+"(${tables.join('|')})"`, 'i');

/** The tenant is a value of the statement, which its rows are compared with or get. */
const namesTenant = [
  /"tenantId"\s*(?:=|IN)\s*\(?\s*\$\d/i,
  /"tenantId"\s*=\s*ANY\s*\(\s*\$\d/i,
  /\("tenantId"[^)]*\)\s*(?:SELECT\s+|VALUES\s*\(\s*)\$\d/i,
];

/** Why a statement breaks the rule that it is about one tenant; undefined: it does not. */
export function tenantProblem(text: string): string | undefined {
  const [, table] = touches.exec(text) ?? [];
  if (table === undefined || namesTenant.some((pattern) => pattern.test(text))) return undefined;
  const line = text.replace(/\s+/g, ' ').trim();
  const isListed = systemStatements.some(({ statement }) => statement.test(line));
  return isListed ? undefined : `of "${table}", without its tenant: ${line.slice(0, 500)}`;
}

/** A database whose statements are looked at: what touches a table of tenants names the tenant, or is listed as system work. */
export interface WatchedDatabase {
  readonly database: TestDatabase;
  /** Throws when a statement broke the rule. */
  check(): void;
}

/** Texts that were found to keep the rule; few are many times as long as the others. */
const known = new Set<string>();
const knownMax = 5_000;

export function watchTenants(database: TestDatabase): WatchedDatabase {
  const problems = new Set<string>();
  const look = (text: string): void => {
    if (known.has(text)) return;
    const problem = tenantProblem(text);
    if (problem !== undefined) problems.add(problem);
    else if (known.size < knownMax) known.add(text);
  };
  const looked = <T extends Prisma.Sql>(sql: T): T => {
    look(sql.text);
    return sql;
  };
  const statementsOf = (tx: Statements): Statements => ({
    query: (sql, options) => tx.query(looked(sql), options),
    execute: (sql) => tx.execute(looked(sql)),
    executeAtEnd: (sql) => tx.executeAtEnd(looked(sql)),
  });
  const transactionOf = (tx: Transaction): Transaction => ({
    ...statementsOf(tx),
    client: tx.client,
    statement: (sql, values) => {
      look(sql);
      return tx.statement(sql, values);
    },
  });
  // Members are looked up at each call: tests replace some of them.
  const watched: TestDatabase = {
    ...database,
    query: (sql) => database.query(looked(sql)),
    read: (sql, options) => database.read(looked(sql), options),
    transaction: (work, options) => database.transaction((tx) => work(transactionOf(tx)), options),
    statement: (sql, values) => {
      look(sql);
      return database.statement(sql, values);
    },
    engine: {
      ...database.engine,
      query: (sql, options) => database.engine.query(looked(sql), options),
      transaction: (work) => database.engine.transaction((tx) => work(statementsOf(tx))),
    },
  };
  return {
    database: watched,
    check: () => {
      if (problems.size > 0) throw new Error(`statements ${[...problems].join('\nand ')}`);
    },
  };
}
