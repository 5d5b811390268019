import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { counted } from '../progress.js';
import { Refused, Unreachable, withRetries } from '../remote/client.js';
import { readArguments, type ImportArguments } from './import-arguments.js';
import { ImportClient, type ImportTask } from './import-client.js';
import { ImportProgress } from './import-progress.js';

/** How often the progress of the task is read. */
const pollMs = 500;
/** How many refused lines are printed; the error log has the others. */
const problemsShownMax = 10;

/** Sends a file, waits for the end of its import, and answers whether all lines were taken. */
export async function importFile(given: string[]): Promise<boolean> {
  const options = readArguments(given);
  const client = new ImportClient(options.url);
  const progress = new ImportProgress(options.bytes);
  try {
    const { id } = await withRetries(progress, () =>
      options.resume === undefined ? client.make(options.mode, options.contentType) : client.task(options.resume),
    );
    progress.say(`import ${id}`);
    const following = new AbortController();
    const followed = follow(client, id, progress, following.signal);
    // If sending fails, nobody awaits this any more.
    followed.catch(() => undefined);
    try {
      await sendFile(client, id, options, progress);
    } catch (error) {
      following.abort();
      throw error;
    }
    const task = await followed;
    progress.end();
    return await report(client, task);
  } finally {
    progress.end();
  }
}

/** Sends the file until it has arrived whole; after an interruption the server continues where it stopped. */
async function sendFile(
  client: ImportClient,
  id: string,
  options: ImportArguments,
  progress: ImportProgress,
): Promise<void> {
  let isRepeated = options.resume !== undefined;
  const send = async (): Promise<void> => {
    const source = options.path === undefined ? process.stdin : createReadStream(options.path);
    progress.begin();
    try {
      await client.send(id, source, options, (count) => progress.add(count));
    } catch (error) {
      // It had arrived before; only the answer was lost.
      if (isRepeated && error instanceof Refused && error.status === 409 && (await hasFile(client, id))) return;
      isRepeated = true;
      if (options.path === undefined && error instanceof Unreachable)
        throw new Refused(0, `${error.message}: standard input cannot be sent again`);
      throw error;
    }
  };
  await withRetries(progress, send);
}

async function hasFile(client: ImportClient, id: string): Promise<boolean> {
  const { status } = await client.task(id);
  return status === 'running' || status === 'succeeded';
}

/** Polls the task until it has ended and returns it. A failed task that asks for the file again has not ended. */
async function follow(
  client: ImportClient,
  id: string,
  progress: ImportProgress,
  signal: AbortSignal,
): Promise<ImportTask> {
  for (;;) {
    const task = await withRetries(undefined, () => client.task(id));
    progress.update(task);
    signal.throwIfAborted();
    if (task.status === 'succeeded' || (task.status === 'failed' && !/send the file again/.test(task.message ?? '')))
      return task;
    await sleep(pollMs);
  }
}

async function report(client: ImportClient, task: ImportTask): Promise<boolean> {
  const { id, status, lines, accepted, duplicates, rejected, message, errorLog } = task;
  const figures = `${counted(lines)} lines, ${counted(accepted)} accepted, ${counted(duplicates)} duplicates, ${counted(rejected)} rejected`;
  process.stdout.write(`${status}: ${figures}\n${message ? `${message}\n` : ''}`);
  if (rejected > 0) {
    const problems = await client.problems(id);
    for (const { line, code, message: why } of problems.slice(0, problemsShownMax))
      process.stdout.write(`line ${line}: ${code}: ${why}\n`);
    process.stdout.write(`all of them: ${errorLog}\n`);
  }
  return status === 'succeeded' && rejected === 0;
}
