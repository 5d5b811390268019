import { readConfig } from '../../../platform/config.js';
import { StartError } from '../../../platform/start-error.js';
import { printTable, readOptions, runCommands } from '../administration/command.js';
import { longReads, openDatabase } from '../administration/open.js';
import { checkBalances, checkSchema, checkServer, checkWork } from './checks.js';
import { counted, withProgress } from '../progress.js';
import type { Finding } from './findings.js';
import { readServerFacts } from './server.store.js';

export const help = `tmf-balance-server doctor [options]
  Looks at the database that DATABASE_URL or DATA_DIR names, changes nothing, and says what to do: version, settings, rights,
  migrations, indexes, jobs, events, and whether every bucket equals its ledger. A server may run meanwhile on PostgreSQL.
  --no-books   leaves the ledgers out, which take time where there are many entries
  --json       prints the findings as JSON
  --help       this text
Examples:
  DATABASE_URL=postgres://… tmf-balance-server doctor --json
Exit code: 0 nothing to be repaired, 1 problems, 2 wrong use.
`;

/** Looks at a database and returns the exit code. */
export async function runDoctor(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(['look', ...given], help, {
    look: async (others) => {
      const options = { 'no-books': { type: 'boolean' }, json: { type: 'boolean' } } as const;
      const { values } = readOptions(others, options, 0);
      const findings = await look(env, values['no-books'] !== true);
      if (values.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
      else print(findings);
      if (findings.some(({ grade }) => grade === 'problem')) throw new StartError('there are problems');
    },
  });
}

async function look(env: NodeJS.ProcessEnv, withBooks: boolean): Promise<Finding[]> {
  const { DATABASE_URL, DATABASE_POOLER, STATEMENT_NAMES, DATA_DIR, DATABASE_POOL_SIZE, ROW_LEVEL_SECURITY } = env;
  const config = readConfig(
    { DATABASE_URL, DATABASE_POOLER, STATEMENT_NAMES, DATA_DIR, DATABASE_POOL_SIZE, ROW_LEVEL_SECURITY },
    'sandbox',
  );
  const database = await openDatabase(config, longReads);
  try {
    const findings: Finding[] = [];
    if (config.databaseUrl) findings.push(...checkServer(await readServerFacts(database), config));
    const schema = await checkSchema(database);
    findings.push(...schema);
    // Of other tables than these nothing can be said.
    if (schema[0]?.grade !== 'ok') return findings;
    findings.push(...(await checkWork(database)));
    if (!withBooks) return findings;
    let checked = 0;
    const books = () => checkBalances(database, (count) => (checked = count));
    findings.push(await withProgress(() => `${counted(checked)} buckets checked`, books));
    return findings;
  } finally {
    await database.close();
  }
}

function print(findings: readonly Finding[]): void {
  printTable(
    ['', 'check', 'found'],
    findings.map(({ grade, check, found }) => [grade === 'ok' ? '' : grade, check, found]),
  );
  for (const { check, advice } of findings) if (advice) process.stdout.write(`${check}: ${advice}\n`);
}
