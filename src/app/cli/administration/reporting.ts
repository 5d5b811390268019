import { operatorTenant } from '../../../domain/tenancy/index.js';
import { admitReader, dismissReader, listReaders } from '../../../domain/reporting/index.js';
import { printTable, readOptions, runCommands } from './command.js';
import { withDatabase, withTenancy } from './open.js';
import { StartError } from '../../../platform/start-error.js';

export const help = `tmf-balance-server reporting <command> [options]
  Says which roles of PostgreSQL read the views of schema reporting in the database that DATABASE_URL names.
  grant <role>      lets a role that is there read them; again after an upgrade, for views that are new
    --tenant <id>   whose rows it sees; otherwise those of the tenant ${operatorTenant}
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
      const tenantId = values.tenant ?? operatorTenant;
      const tenants = await withTenancy(env, (tenancy) => tenancy.tenants.list());
      if (!tenants.some(({ id }) => id === tenantId)) throw new StartError(`there is no tenant '${tenantId}'`);
      await withDatabase(env, (database) => admitReader(database, { role, tenantId }));
      process.stdout.write(`${role} reads the reports of ${tenantId}\n`);
    },
    revoke: async (others) => {
      const { id: role } = readOptions(others, {}, 1);
      await withDatabase(env, (database) => dismissReader(database, role));
      process.stdout.write(`${role} reads no reports\n`);
    },
    list: async (others) => {
      readOptions(others, {}, 0);
      const readers = await withDatabase(env, listReaders);
      printTable(
        ['role', 'tenant'],
        readers.map(({ role, tenantId }) => [role, tenantId]),
      );
    },
  });
}
