import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Ends the process so long after SIGTERM or SIGINT, should it still be there: also while one statement of the embedded
 * database, which runs in the main thread, lets nothing else happen, not even a handler of that signal. The documented
 * way to signals (`process.on`) leads to the main thread only, so the thread takes what lies below it; where a version of
 * Node has that no more, the server runs without, and only what the main thread itself does in time ends it. Killed like
 * this, the data is as after any other crash: what was acknowledged is there. Answers whether it watches.
 */
export async function endInTime(maxMs: number): Promise<boolean> {
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
