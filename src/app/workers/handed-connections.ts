import type { Worker } from 'node:cluster';

interface Handle {
  close?(): void;
}

/** The worker that a connection was handed to last. */
const owners = new WeakMap<Handle, Worker>();

/**
 * Closes the connection that was on its way to the worker when it died. Node hands a worker one connection at a time and
 * closes its own end when the worker has taken it; where that never happens it would stay open, and its client wait for ever.
 */
export function closeConnectionHandedTo(worker: Worker): void {
  const child = worker.process;
  const send = child.send.bind(child) as (message: unknown, handle?: Handle, ...rest: unknown[]) => boolean;
  let handed: Handle | undefined;
  const watched: typeof send = (message, handle, ...rest) => {
    if (handle) {
      handed = handle;
      owners.set(handle, worker);
    }
    return send(message, handle, ...rest);
  };
  child.send = watched as typeof child.send;
  // One that is closed already stays so. One that was handed on belongs to another worker.
  worker.once('exit', () => {
    if (handed && owners.get(handed) === worker) handed.close?.();
  });
}
