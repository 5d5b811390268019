import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { help, readArguments, WrongUse, type ImportArguments } from './arguments.js';
import { ImportClient, Refused, Unreachable, type ImportTask } from './client.js';
import { counted, Progress } from './progress.js';

/** How often in a row the server may not answer. With the pauses between, that is two minutes at least. */
const triesMax = 15;
const pauseMaxMs = 10_000;
const firstPauseMs = 500;
/** How often the server is asked how far it has come. */
const askMs = 500;
/** Problems that are printed; the report has the others. */
const problemsShownMax = 10;

const exitCodes = { taken: 0, refused: 1, wrongUse: 2 } as const;

/** Runs the command line; answers its exit code. */
export async function runImport(given: readonly string[]): Promise<number> {
  try {
    const asked = readArguments(given);
    if (asked === undefined) {
      process.stdout.write(help);
      return exitCodes.taken;
    }
    return await importFile(asked);
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

async function importFile(asked: ImportArguments): Promise<number> {
  const client = new ImportClient(asked.url);
  const progress = new Progress(process.stderr, asked.bytes);
  try {
    const { id } = await patiently(progress, () =>
      asked.resume === undefined ? client.make(asked.mode, asked.contentType) : client.task(asked.resume),
    );
    progress.say(`import ${id}`);
    const asking = new AbortController();
    const followed = follow(client, id, progress, asking.signal);
    // Should sending fail, nobody waits for it any more.
    followed.catch(() => undefined);
    try {
      await sendFile(client, id, asked, progress);
    } catch (error) {
      asking.abort();
      throw error;
    }
    const task = await followed;
    progress.end();
    return await report(client, task);
  } finally {
    progress.end();
  }
}

/** Sends the file until it has arrived whole: the server goes on where it was cut off. */
async function sendFile(client: ImportClient, id: string, asked: ImportArguments, progress: Progress): Promise<void> {
  let isRepeated = asked.resume !== undefined;
  const send = async (): Promise<void> => {
    const source = asked.path === undefined ? process.stdin : createReadStream(asked.path);
    progress.begin();
    try {
      await client.send(id, source, asked, (count) => progress.add(count));
    } catch (error) {
      // It had arrived before, and only the answer was lost.
      if (isRepeated && error instanceof Refused && error.status === 409 && (await hasFile(client, id))) return;
      isRepeated = true;
      if (asked.path === undefined && error instanceof Unreachable)
        throw new Refused(0, `${error.message}: standard input cannot be sent again`);
      throw error;
    }
  };
  await patiently(progress, send);
}

async function hasFile(client: ImportClient, id: string): Promise<boolean> {
  const { status } = await client.task(id);
  return status === 'running' || status === 'succeeded';
}

/** Asks until the import has come to its end. A failure may be overcome while the file is still being sent. */
async function follow(client: ImportClient, id: string, progress: Progress, signal: AbortSignal): Promise<ImportTask> {
  for (;;) {
    const task = await patiently(undefined, () => client.task(id));
    progress.heard(task);
    signal.throwIfAborted();
    if (task.status === 'succeeded' || (task.status === 'failed' && !/send the file again/.test(task.message ?? '')))
      return task;
    await sleep(askMs);
  }
}

/** Tries again while the server does not answer: it may be on its way back. */
async function patiently<T>(progress: Progress | undefined, work: () => Promise<T>): Promise<T> {
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
