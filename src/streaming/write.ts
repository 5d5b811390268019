import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Writes, and waits for a reader that is slower than we are; fails when there is none any more. */
export async function write(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await waitForDrain(out);
  requireReader(out);
}

/** Waits until what was written is on its way. */
export async function waitForDrain(out: Writable): Promise<void> {
  if (!out.writableNeedDrain || out.destroyed) return;
  const waiting = new AbortController();
  const { signal } = waiting;
  await Promise.race([once(out, 'drain', { signal }), once(out, 'close', { signal })]).finally(() => waiting.abort());
}

/** Throws when the client has left. */
export function requireReader(out: Writable): void {
  if (out.destroyed) throw new Error('nobody reads the file any more');
}
