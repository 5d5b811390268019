import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Child {
  process: ChildProcessWithoutNullStreams;
  /** The next line the process prints. Fails when it ends instead. */
  line(): Promise<string>;
  /** Ends it without any chance to clean up, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts a TypeScript file of the project as a process of its own. */
export function startChild(file: string, ...args: string[]): Child {
  const loader = join(process.cwd(), 'test/support/typescript.js');
  const child = spawn(process.execPath, ['--import', loader, file, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    line: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${file} ended: ${errors}`);
      return value;
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
