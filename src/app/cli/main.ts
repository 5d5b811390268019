#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// `npx tmf-balance-server`: one command line for everything. Each command loads only what it needs.

interface Command {
  readonly summary: string;
  /** @returns the exit code; a server ends its process itself */
  run(given: string[]): Promise<number | void>;
}

const commands: Readonly<Record<string, Command>> = {
  start: {
    summary: 'the sandbox: embedded database under ./data, demo data; without a command, too',
    run: async () => (await import('./run.js')).run('sandbox'),
  },
  serve: {
    summary: 'the production server on the PostgreSQL of DATABASE_URL',
    run: async () => (await import('./run.js')).run('serve'),
  },
  migrate: {
    summary: 'brings the database up to date, as a start does, without serving',
    run: async (given) => (await import('./administration/migrate.js')).runMigrate(given, process.env),
  },
  seed: {
    summary: 'writes example data into an empty database: demo or kit',
    run: async (given) => (await import('./administration/seed.js')).runSeed(given, process.env),
  },
  doctor: {
    summary: 'looks at the database and says what to do',
    run: async (given) => (await import('./doctor/run.js')).runDoctor(given, process.env),
  },
  archive: {
    summary: 'writes what is finished to files, checks, reads and restores them',
    run: async (given) => (await import('./archive/run.js')).runArchive(given, process.env),
  },
  tenant: {
    summary: 'looks after tenants: new, list, suspend, resume',
    run: async (given) => (await import('./administration/tenant.js')).runTenant(given, process.env),
  },
  key: {
    summary: 'looks after API keys: new, list, revoke',
    run: async (given) => (await import('./administration/key.js')).runKey(given, process.env),
  },
  directory: {
    summary: 'makes the directory of parties, accounts and numbers anew',
    run: async (given) => {
      await (await import('../../../graphql/schema.js')).createSchema();
      return (await import('./administration/directory.js')).runDirectory(given, process.env);
    },
  },
  reporting: {
    summary: 'says who reads the views for reports: grant, revoke, list',
    run: async (given) => (await import('./administration/reporting.js')).runReporting(given, process.env),
  },
  distribute: {
    summary: 'lays the tables on the nodes of a Citus cluster',
    run: async (given) => (await import('./administration/distribute.js')).runDistribute(given, process.env),
  },
  import: {
    summary: 'sends a file of usages to a running server, and waits for its end',
    run: async (given) => (await import('./usage-import/run.js')).runImport(given),
  },
  listener: {
    summary: 'prints the events that arrive at a callback, and verifies them',
    run: async (given) => (await import('./listener/run.js')).runListener(given, process.env),
  },
};

const width = Math.max(...Object.keys(commands).map((name) => name.length));

const help = `tmf-balance-server <command> [options]
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  .join('\n')}
  --help, --version; <command> --help says more. Settings are variables of the environment: docs/configuration.md
Exit code: 0 done, 1 refused, 2 wrong use.
`;

function version(): string {
  // The sources and dist/ lie at different depths below it.
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    try {
      return (JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as { version: string }).version;
    } catch (error) {
      if (fileURLToPath(folder) === '/') throw error;
    }
  }
}

/** Options of a command that takes none are refused: a server that ignored them would be another one than was asked for. */
async function main([name = 'start', ...given]: string[]): Promise<number | void> {
  if (name === '--help' || name === 'help') process.stdout.write(help);
  else if (name === '--version') process.stdout.write(`${version()}\n`);
  else {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    const isServer = name === 'start' || name === 'serve';
    if (command === undefined) return wrongUse(`'${name}' is no command`);
    if (!isServer) return command.run(given);
    if (given.includes('--help')) process.stdout.write(`${name}: ${command.summary}\n\n${help}`);
    else if (given.length > 0)
      return wrongUse(`${name} takes no options: it is set up by variables of the environment`);
    else return command.run([]);
  }
  return 0;
}

function wrongUse(problem: string): number {
  process.stderr.write(`${problem}\n\n${help}`);
  return 2;
}

const code = await main(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
