import { operatorTenant } from '../../../domain/tenancy/index.js';
import { admitReader, dismissReader, listReaders } from '../../../domain/reporting/index.js';
import { StartError } from '../../../platform/start-error.js';
import { printTable, readOptions, runCommands } from './command.js';
import { withDatabase, withTenancy } from './open.js';

export const help = `tmf-balance-server reporting <command> [options]
  Says which roles of PostgreSQL read the views of schema reporting in the database that DATABASE_URL names.
  grant <role>      lets a role that is there read them; again after an upgrade, for views that are new
    --tenant <handle>   whose rows it sees; otherwise those of the tenant ${operatorTenant}
  revoke <role>     takes that back
  list              shows all of them
  --help            this text
Examples:
  DATABASE_URL=postgres://… tmf-balance-server reporting grant analyst --tenant acme
Exit code: 0 done, 1 refused, 2 wrong use.
`;

/** Runs the command with these arguments and returns its exit code. */
export function runReporting(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(given, help, {
    grant: async (others) => {
      const { values, id: role } = readOptions(others, { tenant: { type: 'string' } }, 1);
      const asked = values.tenant ?? operatorTenant;
      const tenant = await withTenancy(env, async ({ directory }) => directory.named(asked));
      if (tenant === undefined) throw new StartError(`there is no tenant '${asked}'`);
      await withDatabase(env, (database) => admitReader(database, { role, tenantId: tenant.id }));
      process.stdout.write(`${role} reads the reports of ${tenant.handle}\n`);
    },
    revoke: async (others) => {
      const { id: role } = readOptions(others, {}, 1);
      await withDatabase(env, (database) => dismissReader(database, role));
      process.stdout.write(`${role} reads no reports\n`);
    },
    list: async (others) => {
      readOptions(others, {}, 0);
      const readers = await withDatabase(env, listReaders);
      const directory = await withTenancy(env, ({ directory: known }) => Promise.resolve(known));
      printTable(
        ['role', 'tenant'],
        readers.map(({ role, tenantId }) => [role, directory.nameOf(tenantId)]),
      );
    },
  });
}
