import { jest } from '@jest/globals';

export interface Done {
  code: number | void;
  output: string;
  errors: string;
}

/** A command in this process, which needs no start: its exit code, and what it wrote. */
export async function doneOf(run: () => Promise<number | void>): Promise<Done> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    const code = await run();
    return { code, output: written.stdout, errors: written.stderr };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
