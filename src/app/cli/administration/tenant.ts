import { operatorTenant } from '../../../domain/tenancy/index.js';
import { commandLine, printTable, readOptions, runCommands, WrongUse } from './command.js';
import { withTenancy } from './open.js';

export const help = `tmf-balance-server tenant <command> [options]
  Looks after the tenants in the database that DATABASE_URL names, or DATA_DIR while no server runs on it.
  new <id>                       makes a tenant
    --name <name>                its name for people
    --time-zone <zone>           in which its days and months begin, when not that of the server
    --bill-issuer <name>         at the head of its bills, when not that of the server
    --bill-number-prefix <text>  what the numbers of its bills begin with
  list                           shows all of them
  suspend <id>                   its requests are refused, on running servers within five seconds
  resume <id>                    they are answered again
  --help                         this text
Examples:
  tmf-balance-server tenant new acme --name Acme --time-zone Europe/Berlin
  tmf-balance-server tenant suspend acme
Exit code: 0 done, 1 refused, 2 wrong use.
`;

/** Runs the command with these arguments and returns its exit code. */
export function runTenant(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const context = { tenantId: operatorTenant, principalId: commandLine };
  const move = (how: 'suspend' | 'resume') => async (others: string[]) => {
    const { id } = readOptions(others, {}, 1);
    const { answer } = await withTenancy(env, ({ tenants }) => tenants[how](context, { id }));
    process.stdout.write(`${answer.id} is ${answer.state}\n`);
  };
  return runCommands(given, help, {
    new: async (others) => {
      const text = { type: 'string' } as const;
      const { values, id } = readOptions(
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
      const input = { id, name: values.name, ...(hasSettings && { settings }) };
      const { answer } = await withTenancy(env, ({ tenants }) => tenants.create(context, input));
      process.stdout.write(`${answer.id} is ${answer.state}\n`);
    },
    list: async (others) => {
      readOptions(others, {}, 0);
      const rows = await withTenancy(env, ({ tenants }) => tenants.list());
      printTable(
        ['id', 'state', 'since', 'name'],
        rows.map(({ id, state, createdAt, name }) => [id, state, createdAt.toISOString(), name]),
      );
    },
    suspend: move('suspend'),
    resume: move('resume'),
  });
}
