import { parseArgs, type ParseArgsConfig } from 'node:util';
import { DomainError } from '../../../platform/errors.js';
import { describeStartFailure } from '../start-failure.js';

/** The arguments are wrong; the message says why. */
export class WrongUse extends Error {}

/** Who writes: recorded with what is written. */
export const commandLine = 'command line';

const exitCodes = { done: 0, refused: 1, wrongUse: 2 } as const;

/** Runs the command that the first argument names, with the others, and returns the exit code. One that answers false has told why. */
export async function runCommands(
  given: readonly string[],
  help: string,
  commands: Readonly<Record<string, (given: string[]) => Promise<boolean | void>>>,
): Promise<number> {
  const [name = '', ...others] = given;
  if (name === '--help' || others.includes('--help')) {
    process.stdout.write(help);
    return exitCodes.done;
  }
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command === undefined)
      throw new WrongUse(`'${name}' is none of the commands ${Object.keys(commands).join(', ')}`);
    return (await command(others)) === false ? exitCodes.refused : exitCodes.done;
  } catch (error) {
    if (error instanceof WrongUse) {
      process.stderr.write(`${error.message}\n\n${help}`);
      return exitCodes.wrongUse;
    }
    process.stderr.write(`${error instanceof DomainError ? error.message : describeStartFailure(error)}\n`);
    return exitCodes.refused;
  }
}

/** Reads options, and `count` arguments that are none. Throws WrongUse. */
export function readOptions<const T extends NonNullable<ParseArgsConfig['options']>>(
  given: string[],
  options: T,
  count: 0 | 1 | 2,
) {
  try {
    const { values, positionals } = parseArgs({ args: given, options, allowPositionals: true });
    if (positionals.length !== count)
      throw new Error(
        `${['no argument is', 'one argument is', 'two arguments are'][count]} needed, not ${positionals.length}`,
      );
    return { values, id: positionals[0] ?? '', other: positionals[1] ?? '' };
  } catch (error) {
    throw new WrongUse((error as Error).message);
  }
}

/** Prints rows in columns that are as wide as what is in them. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}
