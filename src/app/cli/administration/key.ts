import { operatorTenant } from '../../../domain/tenancy/index.js';
import { commandLine, printTable, readOptions, runCommands, WrongUse } from './command.js';
import { withTenancy } from './open.js';

export const help = `tmf-balance-server key <command> [options]
  Looks after the API keys in the database that DATABASE_URL names, or DATA_DIR while no server runs on it.
  new                         makes a key, and prints it this once
    --name <name>             where it is used
    --role <role>             a role that it has; may be repeated, as the next three
    --party <id>              a party that is its own
    --account <id>            a billing account that is its own
    --logical-resource <id>   a logical resource, such as a number, that is its own
    --expires <time>          from when on it is refused, e.g. 2027-01-31T00:00:00Z
  list                        shows all of a tenant
  revoke <id>                 it is refused, on running servers within five seconds
  --tenant <handle>           the tenant of the keys (default)
  --help                      this text
Examples:
  tmf-balance-server key new --name CRM --role agent --expires 2027-01-31T00:00:00Z
  tmf-balance-server key list --tenant acme
Exit code: 0 done, 1 refused, 2 wrong use.
`;

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const tenantOption = { tenant: { type: 'string', default: operatorTenant } } as const;

/** Runs the command with these arguments and returns its exit code. */
export function runKey(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(given, help, {
    new: async (others) => {
      const { values } = readOptions(
        others,
        {
          ...tenantOption,
          name: text,
          role: texts,
          party: texts,
          account: texts,
          'logical-resource': texts,
          expires: text,
        },
        0,
      );
      if (values.name === undefined) throw new WrongUse('--name is needed');
      const input = {
        name: values.name,
        roles: values.role,
        parties: values.party,
        accounts: values.account,
        logicalResources: values['logical-resource'],
        expiresAt: timeOf(values.expires),
      };
      const { answer, key, tenant } = await withTenancy(env, async ({ directory, apiKeys }) => {
        const { id: tenantId, handle } = await directory.require(values.tenant);
        return { ...(await apiKeys.createKey({ tenantId, principalId: commandLine }, input)), tenant: handle };
      });
      // Alone on standard output, so that a script can take it.
      process.stderr.write(`key ${answer.id} of tenant ${tenant}; it is not told again:\n`);
      process.stdout.write(`${key}\n`);
    },
    list: async (others) => {
      const { values } = readOptions(others, tenantOption, 0);
      const rows = await withTenancy(env, async ({ directory, apiKeys }) =>
        apiKeys.list((await directory.require(values.tenant)).id),
      );
      printTable(
        ['id', 'made', 'expires', 'revoked', 'last used', 'roles', 'name'],
        rows.map(({ id, createdAt, expiresAt, revokedAt, lastUsedAt, roles, name }) => [
          id,
          ...[createdAt, expiresAt, revokedAt, lastUsedAt].map((time) => time?.toISOString() ?? '-'),
          (roles as string[]).join(',') || '-',
          name,
        ]),
      );
    },
    revoke: async (others) => {
      const { values, id } = readOptions(others, tenantOption, 1);
      const { answer } = await withTenancy(env, async ({ directory, apiKeys }) => {
        const { id: tenantId } = await directory.require(values.tenant);
        return apiKeys.revoke({ tenantId, principalId: commandLine }, { id });
      });
      process.stdout.write(`key ${answer.id} is revoked\n`);
    },
  });
}

function timeOf(given: string | undefined): Date | undefined {
  if (given === undefined) return undefined;
  const time = new Date(given);
  if (Number.isNaN(time.getTime())) throw new WrongUse(`--expires '${given}' is no time`);
  return time;
}
