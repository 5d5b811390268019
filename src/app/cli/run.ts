import cluster from 'node:cluster';
import { readConfig, type Config, type Mode } from '../../platform/config.js';
import { describeStartFailure } from './start-failure.js';

/** Starts the server and serves until SIGTERM or SIGINT. A problem that the user can fix ends the process with one line. */
export async function run(mode: Mode): Promise<void> {
  try {
    await begin(readConfig(process.env, mode));
  } catch (error) {
    process.stderr.write(`${describeStartFailure(error)}\n`);
    process.exit(1);
  }
}

/** Imports only what the process needs: the primary process of several workers loads nothing of the server. */
async function begin(config: Config): Promise<void> {
  if (cluster.isWorker) await (await import('../workers/worker.js')).runWorker(config);
  else if (config.workers > 1) await (await import('../workers/primary.js')).runPrimary(config);
  else await (await import('./server-process.js')).runAlone(config);
}
