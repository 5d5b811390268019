import type { Findings } from './findings.js';
import type { Server } from './servers.js';

const mebibyte = 2 ** 20;
/** More than a server ever needs for this load. */
const bytesMax = 900 * mebibyte;
/** From so many minutes on its growth says something, and so much of it is nothing. */
const trendFromMinutes = 10;
const growthMax = 1.3;
const growthFree = 60 * mebibyte;

/** Whether the memory of servers is bounded: no server more than so much, and the first one, which lives all the time, no more at the end. */
export function lookAtMemory(servers: readonly Server[], minutes: number, findings: Findings): void {
  for (const { name, memory } of servers) {
    const most = Math.max(0, ...memory.map(({ bytes }) => bytes));
    if (most > bytesMax) findings.add('a server took too much memory', `${name}: ${inMebibytes(most)} MiB`);
  }
  const [first] = servers;
  if (!first || minutes < trendFromMinutes) return;
  const [early, late] = [medianOf(first, 0.25, 0.5), medianOf(first, 0.75, 1)];
  if (late > early * growthMax + growthFree)
    findings.add('the memory of a server grows', `${first.name}: ${inMebibytes(early)}, then ${inMebibytes(late)} MiB`);
}

/** In the middle of what was measured in a part of its life. */
export function medianOf({ memory }: Server, from: number, to: number): number {
  const part = memory.slice(Math.floor(memory.length * from), Math.ceil(memory.length * to)).map(({ bytes }) => bytes);
  return part.sort((one, other) => one - other)[Math.floor(part.length / 2)] ?? 0;
}

export const inMebibytes = (bytes: number): number => Math.round(bytes / mebibyte);
