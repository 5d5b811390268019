import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { printTable, readOptions, runCommands } from '../administration/command.js';
import { counted, Progress } from '../progress.js';
import { serverHelp, ServerClient, serverOptions, withRetries } from '../remote/client.js';

/** How often the state of a run is read. */
const pollMs = 500;
/** How many runs are listed. */
const listedMax = 20;

export const help = `tmf-balance-server bill-run new [options] <bill cycle>
tmf-balance-server bill-run watch [options] <run>
tmf-balance-server bill-run list [options]
  Runs a bill cycle on a running server, which goes on with it in the background, whatever becomes of this command.
  new             begins a run, and waits for its end
    --dry-run     only tries it: nothing is written but what can be looked at
    --no-wait     prints the id of the run, and ends
  watch           waits for the end of a run that has begun
  list            shows the last ${listedMax}
    --state <state>   only those that are inProgress, done or failed
    --cycle <id>      only those of this bill cycle
${serverHelp}
Examples:
  tmf-balance-server bill-run new --dry-run 01KJ…
  tmf-balance-server bill-run list --state failed
Exit code: 0 done, 1 refused, or the run failed or could not bill every account, 2 wrong use.
`;

interface BillRun {
  readonly id: string;
  readonly state: string;
  readonly billCycle: { readonly id: string };
  readonly dryRun: boolean;
  readonly accounts: number;
  readonly bills: number;
  readonly held: number;
  readonly failed: number;
  readonly failure?: readonly { readonly account: string; readonly message: string }[];
  readonly message?: string;
  readonly startedAt: string;
}

/** Runs the command with these arguments and returns its exit code. */
export function runBillRun(given: readonly string[]): Promise<number> {
  const flag = { type: 'boolean' } as const;
  const text = { type: 'string' } as const;
  return runCommands(given, help, {
    new: async (others) => {
      const { values, id } = readOptions(others, { ...serverOptions, 'dry-run': flag, 'no-wait': flag }, 1);
      const client = runsOf(values.url);
      const key = randomUUID();
      const input = { billCycle: { id }, dryRun: values['dry-run'] === true };
      const run = await client.post<BillRun>('', input, key);
      if (!values['no-wait']) return follow(client, run);
      process.stdout.write(`${run.id}\n`);
      return true;
    },
    watch: async (others) => {
      const { values, id } = readOptions(others, serverOptions, 1);
      const client = runsOf(values.url);
      return follow(client, await client.json<BillRun>(`/${encodeURIComponent(id)}`));
    },
    list: async (others) => {
      const { values } = readOptions(others, { ...serverOptions, state: text, cycle: text }, 0);
      const query = new URLSearchParams({ sort: '-id', limit: String(listedMax) });
      if (values.state !== undefined) query.set('state', values.state);
      if (values.cycle !== undefined) query.set('billCycle.id', values.cycle);
      const runs = await runsOf(values.url).json<BillRun[]>(`?${query.toString()}`);
      printTable(
        ['id', 'begun', 'cycle', 'state', 'figures'],
        runs.map((run) => [run.id, run.startedAt, run.billCycle.id, run.state, figuresOf(run)]),
      );
    },
  });
}

function runsOf(url: string): ServerClient {
  return new ServerClient(url, '/tmf-api/customerBillManagement/v4/billRun');
}

/** Waits for the end of a run, and answers whether every account has its bills. */
async function follow(client: ServerClient, begun: BillRun): Promise<boolean> {
  let run = begun;
  const progress = new Progress(() => figuresOf(run));
  try {
    progress.say(`run ${run.id}`);
    while (run.state === 'inProgress') {
      await sleep(pollMs);
      run = await withRetries(progress, () => client.json<BillRun>(`/${begun.id}`));
    }
  } finally {
    progress.end();
  }
  process.stdout.write(`${run.state}: ${figuresOf(run)}\n${run.message === undefined ? '' : `${run.message}\n`}`);
  for (const { account, message } of run.failure ?? []) process.stdout.write(`account ${account}: ${message}\n`);
  return run.state === 'done' && run.failed === 0;
}

function figuresOf({ accounts, bills, held, failed, dryRun }: BillRun): string {
  const all = `${counted(accounts)} accounts, ${counted(bills)} bills, ${counted(held)} held, ${counted(failed)} failed`;
  return dryRun ? `${all}, only tried` : all;
}
