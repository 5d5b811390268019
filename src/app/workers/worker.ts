import type { Config } from '../../platform/config.js';
import { serve } from '../cli/server-process.js';
import { reasonForUser } from '../cli/start-failure.js';
import { createLogger } from '../logger.js';
import { orderVariable, type FromWorker, type ToWorker, type WorkerOrder } from './messages.js';
import { Pending } from './pending.js';
import { configOfWorker } from './worker-config.js';
import { OwnAnswers, type Collected, type Workers } from './workers.js';

/** How long the primary process may take to collect the answers; longer than it waits for any of them. */
const collectMaxMs = 5_000;

/**
 * Serves as one of several workers, on the orders of the primary process. Node ends a worker whose primary is gone. Ends the
 * process, too, when it cannot start, and tells the primary process why.
 */
export async function runWorker(config: Config): Promise<void> {
  const order = JSON.parse(process.env[orderVariable] ?? '{}') as WorkerOrder;
  const logger = createLogger(config.logLevel).child({ worker: order.worker });
  const { workers, beginning, leading } = openChannel(order.worker);
  if (!order.isPreparing) {
    await send({ type: 'waiting' });
    await beginning;
  }
  try {
    await serve(configOfWorker(config, order), {
      logger,
      workers,
      leading,
      isPreparing: order.isPreparing,
      prepared: () => void send({ type: 'prepared' }),
      listening: (origin) => void send({ type: 'listening', origin }),
    });
  } catch (error) {
    const message = reasonForUser(error);
    if (message === undefined) throw error;
    await send({ type: 'failed', message });
    process.exit(1);
  }
}

/** Resolves when the message is on its way. Without a primary process there is nobody to tell, and this process is about to end. */
function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}

interface Channel {
  readonly workers: Workers;
  /** Resolves when the database is up to date. */
  readonly beginning: Promise<void>;
  /** Resolves when background jobs are to run in this worker. */
  readonly leading: Promise<void>;
}

function openChannel(worker: number): Channel {
  const own = new OwnAnswers(worker);
  const pending = new Pending<Collected<unknown>[]>(collectMaxMs);
  const late: Collected<never> = { worker, missing: 'gets no answer from the primary process' };
  const answer = async ({ id, topic }: Extract<ToWorker, { type: 'ask' }>): Promise<void> =>
    send({ type: 'answer', id, answer: await own.get(topic) });
  const [beginning, begin] = signal();
  const [leading, lead] = signal();
  process.on('message', (message: ToWorker) => {
    if (message.type === 'begin') begin();
    else if (message.type === 'lead') lead();
    else if (message.type === 'ask') void answer(message);
    else pending.settle(message.id, [...message.answers]);
  });
  const workers: Workers = {
    answer: (topic, value) => own.set(topic, value),
    // Who answers a topic answers with its type.
    collect: async (topic) => (await pending.ask((id) => void send({ type: 'collect', id, topic }), [late])) as never,
  };
  return { workers, beginning, leading };
}

/** A promise, and what resolves it. */
function signal(): [Promise<void>, () => void] {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((resolved) => (resolve = resolved));
  return [promise, resolve];
}
