import { operatorTenant, type TenantRow } from '../../../domain/tenancy/index.js';
import { commandLine, printTable, readOptions, runCommands, WrongUse } from './command.js';
import { withTenancy } from './open.js';

export const help = `tmf-balance-server tenant <command> [options]
  Looks after the tenants in the database that DATABASE_URL names, or DATA_DIR while no server runs on it.
  new <handle>                   makes a tenant, which tokens and commands name so; its rows are stored by an id of their own
    --name <name>                its name for people
    --time-zone <zone>           in which its days and months begin, when not that of the server
    --bill-issuer <name>         at the head of its bills, when not that of the server
    --bill-number-prefix <text>  what the numbers of its bills begin with
  list                           shows all of them
  suspend <handle>               its requests are refused, on running servers within five seconds
  resume <handle>                they are answered again
  rename <handle> <new handle>   it is called otherwise, on running servers within five seconds; tokens that name it as before are taken as well
    --release                    they are not, and the handle is free for another tenant. With the handle that it has as the new one: of
                                 the renaming before
  --help                         this text
Examples:
  tmf-balance-server tenant new acme --name Acme --time-zone Europe/Berlin
  tmf-balance-server tenant suspend acme
Exit code: 0 done, 1 refused, 2 wrong use.
`;

/** Runs the command with these arguments and returns its exit code. */
export function runTenant(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const context = { tenantId: operatorTenant, principalId: commandLine };
  const say = ({ handle, state }: TenantRow): void => void process.stdout.write(`${handle} is ${state}\n`);
  const move = (how: 'suspend' | 'resume') => async (others: string[]) => {
    const { id: handle } = readOptions(others, {}, 1);
    const { answer } = await withTenancy(env, async ({ tenants, directory }) =>
      tenants[how](context, await directory.require(handle)),
    );
    say(answer);
  };
  return runCommands(given, help, {
    new: async (others) => {
      const text = { type: 'string' } as const;
      const { values, id: handle } = readOptions(
        others,
        { name: text, 'time-zone': text, 'bill-issuer': text, 'bill-number-prefix': text },
        1,
      );
      if (values.name === undefined) throw new WrongUse('--name is needed');
      const settings = {
        timeZone: values['time-zone'],
        billIssuer: values['bill-issuer'],
        billNumberPrefix: values['bill-number-prefix'],
      };
      const hasSettings = Object.values(settings).some((value) => value !== undefined);
      const input = { handle, name: values.name, ...(hasSettings && { settings }) };
      const { answer } = await withTenancy(env, ({ tenants }) => tenants.create(context, input));
      say(answer);
    },
    list: async (others) => {
      readOptions(others, {}, 0);
      const rows = await withTenancy(env, ({ tenants }) => tenants.list());
      printTable(
        ['handle', 'before', 'state', 'since', 'id', 'name'],
        rows.map(({ id, handle, formerHandle, state, createdAt, name }) => [
          ...[handle, formerHandle ?? '-', state, createdAt.toISOString(), id],
          name,
        ]),
      );
    },
    suspend: move('suspend'),
    resume: move('resume'),
    rename: async (others) => {
      const { values, id: handle, other } = readOptions(others, { release: { type: 'boolean', default: false } }, 2);
      const { answer } = await withTenancy(env, async ({ tenants, directory }) =>
        tenants.rename(context, await directory.require(handle), { handle: other, releases: values.release }),
      );
      const { formerHandle } = answer;
      process.stdout.write(
        `${handle} is ${answer.handle}${formerHandle ? `, and ${formerHandle} is let in as well` : ''}\n`,
      );
    },
  });
}
