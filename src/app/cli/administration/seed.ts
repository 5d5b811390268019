import { withServer } from './server.js';
import { readOptions, runCommands, WrongUse } from './command.js';

export const help = `tmf-balance-server seed demo|kit
  Writes example data into the database that DATABASE_URL or DATA_DIR names, once: demo is a small operator with three months behind
  it, kit the little that conformance kits need. The database is migrated first.
  --help   this text
Exit code: 0 done, 1 refused, 2 wrong use.
`;

/** Writes the data and returns the exit code. */
export function runSeed(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(['seed', ...given], help, {
    seed: async (others) => {
      const { id: data } = readOptions(others, {}, 1);
      if (data !== 'demo' && data !== 'kit') throw new WrongUse(`'${data}' is neither demo nor kit`);
      await withServer(env, { SEED: data }, async (server) => {
        await server.backfill();
        await server.seed();
      });
      process.stdout.write(`the ${data} data are there\n`);
    },
  });
}
