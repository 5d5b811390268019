import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { help, readArguments, WrongUse, type ImportArguments } from './arguments.js';
import { ImportClient, Refused, Unreachable, type ImportTask } from './client.js';
import { counted, Progress } from './progress.js';

/** Attempts in a row before giving up; the pauses between them come to 105 seconds. */
const triesMax = 15;
const pauseMaxMs = 10_000;
const firstPauseMs = 500;
/** How often the progress of the task is read. */
const pollMs = 500;
/** How many refused lines are printed; the error log has the others. */
const problemsShownMax = 10;

const exitCodes = { taken: 0, refused: 1, wrongUse: 2 } as const;

/** Runs the command with these arguments and returns its exit code. */
export async function runImport(given: readonly string[]): Promise<number> {
  try {
    const parsed = readArguments(given);
    if (parsed === undefined) {
      process.stdout.write(help);
      return exitCodes.taken;
    }
    return await importFile(parsed);
  } catch (error) {
    if (error instanceof WrongUse) {
      process.stderr.write(`${error.message}\n\n${help}`);
      return exitCodes.wrongUse;
    }
    if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exitCodes.refused;
  }
}

async function importFile(options: ImportArguments): Promise<number> {
  const client = new ImportClient(options.url, process.env['TMF_API_KEY'] || undefined);
  const progress = new Progress(process.stderr, options.bytes);
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
async function sendFile(client: ImportClient, id: string, options: ImportArguments, progress: Progress): Promise<void> {
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
async function follow(client: ImportClient, id: string, progress: Progress, signal: AbortSignal): Promise<ImportTask> {
  for (;;) {
    const task = await withRetries(undefined, () => client.task(id));
    progress.update(task);
    signal.throwIfAborted();
    if (task.status === 'succeeded' || (task.status === 'failed' && !/send the file again/.test(task.message ?? '')))
      return task;
    await sleep(pollMs);
  }
}

/** Repeats the work while the server is unreachable, as it may be restarting. */
async function withRetries<T>(progress: Progress | undefined, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Unreachable) || tries === triesMax) throw error;
      const pauseMs = Math.min(firstPauseMs * 2 ** (tries - 1), pauseMaxMs);
      progress?.say(`${error.message}: trying again in ${pauseMs / 1_000} s`);
      await sleep(pauseMs);
    }
  }
}

async function report(client: ImportClient, task: ImportTask): Promise<number> {
  const { id, status, lines, accepted, duplicates, rejected, message, errorLog } = task;
  const figures = `${counted(lines)} lines, ${counted(accepted)} accepted, ${counted(duplicates)} duplicates, ${counted(rejected)} rejected`;
  process.stdout.write(`${status}: ${figures}\n${message ? `${message}\n` : ''}`);
  if (rejected > 0) {
    const problems = await client.problems(id);
    for (const { line, code, message: why } of problems.slice(0, problemsShownMax))
      process.stdout.write(`line ${line}: ${code}: ${why}\n`);
    process.stdout.write(`all of them: ${errorLog}\n`);
  }
  return status === 'succeeded' && rejected === 0 ? exitCodes.taken : exitCodes.refused;
}
