import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Kills the process `maxMs` after SIGTERM or SIGINT if it is still there, even while a statement of the embedded database blocks
 * the main thread and with it every signal handler. `process.on` reaches the main thread only, so a worker thread uses the
 * undocumented binding below it. Returns false where a version of Node lacks that: the process then ends only by itself. After
 * a kill the data is as after any crash: everything acknowledged is there.
 */
export async function killAfterSignal(maxMs: number): Promise<boolean> {
  const worker = new Worker(source, {
    eval: true,
    execArgv: [],
    workerData: maxMs,
    resourceLimits: { maxOldGenerationSizeMb: 8 },
  });
  worker.unref();
  // Whatever ends it is no reason to end the server.
  worker.on('error', () => undefined);
  try {
    await once(worker, 'message');
    return true;
  } catch {
    return false;
  }
}

const source = `
  const { constants } = require('node:os');
  const { writeSync } = require('node:fs');
  const { parentPort, workerData: maxMs } = require('node:worker_threads');
  process.noDeprecation = true;
  const { Signal } = process.binding('signal_wrap');
  const end = () => {
    writeSync(2, 'the server did not end within ' + maxMs + ' ms and is killed\\n');
    process.kill(process.pid, 'SIGKILL');
  };
  for (const name of ['SIGTERM', 'SIGINT']) {
    const signal = new Signal();
    signal.onsignal = () => setTimeout(end, maxMs);
    signal.start(constants.signals[name]);
  }
  parentPort.postMessage('watching');
`;
