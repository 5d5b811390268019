import { existsSync, readFileSync } from 'node:fs';

interface Command {
  readonly summary: string;
  /** @returns the exit code; a server ends its process itself */
  run(given: string[]): Promise<number | void>;
}

/** A server takes no options: one that ignored them would be another one than was asked for. */
function serverCommand(mode: 'sandbox' | 'serve', name: string, summary: string): Command {
  const help = `tmf-balance-server ${name}
  ${summary[0]?.toUpperCase()}${summary.slice(1)}.
  It has no options: settings are variables of the environment, docs/configuration.md has all of them.
  --help   this text
Examples:
  ${mode === 'serve' ? 'DATABASE_URL=postgres://… AUTH_ISSUER=https://… AUTH_AUDIENCE=tmf' : 'PORT=4001 DATA_DIR=./data'} tmf-balance-server ${name}
Exit code: 0 it was ended by a signal, 1 it could not start, 2 wrong use.
`;
  return {
    summary,
    run: async (given) => {
      if (given.includes('--help')) process.stdout.write(help);
      else if (given[0] !== undefined) return wrongUse(`'${given[0]}' is none of its options: ${name} has none`, help);
      else return (await import('./run.js')).run(mode);
      return 0;
    },
  };
}

/** One command line for everything. Each command loads only what it needs. */
export const commands: Readonly<Record<string, Command>> = {
  start: serverCommand(
    'sandbox',
    'start',
    'the sandbox: embedded database under ./data, demo data; without a command, too',
  ),
  serve: serverCommand('serve', 'serve', 'the production server on the PostgreSQL of DATABASE_URL'),
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
    summary: 'looks after tenants: new, list, suspend, resume, rename',
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
  partition: {
    summary: 'gives big tables partitions by time',
    run: async (given) => (await import('./administration/partition.js')).runPartition(given, process.env),
  },
  usage: {
    summary: 'sends a file of usages to a running server, or fetches one: import, export',
    run: async (given) => (await import('./usage/run.js')).runUsage(given),
  },
  'bill-run': {
    summary: 'runs a bill cycle on a running server: new, watch, list',
    run: async (given) => (await import('./bill-run/run.js')).runBillRun(given),
  },
  ctk: {
    summary: 'conformance: the requests of the kits, or an official kit, against a server',
    run: async (given) => {
      // Plain JavaScript, as what runs inside newman has to be.
      const program = (await import(new URL('test/conformance/run.js', packageFolder()).href)) as {
        runConformance(given: string[]): Promise<number>;
      };
      return program.runConformance(given);
    },
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

/** The sources and dist/ lie at different depths below it. */
function packageFolder(): URL {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder))
    if (existsSync(new URL('package.json', folder)) || folder.pathname === '/') return folder;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('package.json', packageFolder()), 'utf8')) as { version: string }).version;
}

/** @returns the exit code; a server ends its process itself */
export async function runCommandLine([name = 'start', ...given]: string[]): Promise<number | void> {
  if (name === '--help' || name === 'help') process.stdout.write(help);
  else if (name === '--version') process.stdout.write(`${version()}\n`);
  else {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    return command === undefined ? wrongUse(`'${name}' is no command`, help) : command.run(given);
  }
  return 0;
}

function wrongUse(problem: string, text: string): number {
  process.stderr.write(`${problem}\n\n${text}`);
  return 2;
}
