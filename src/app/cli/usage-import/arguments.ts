import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

/** The arguments are wrong; the message says why. */
export class WrongUse extends Error {}

/** What the command was called with. */
export interface ImportArguments {
  url: string;
  mode: string;
  /** Id of the import to resume; undefined: a new one. */
  resume: string | undefined;
  /** Path of the file; undefined: standard input. */
  path: string | undefined;
  contentType: string;
  isPacked: boolean;
  /** Size of the file; undefined for standard input. */
  bytes: number | undefined;
}

export const help = `npm run usage:import -- [options] <file>
  Sends a file of usages to a running server: .ndjson, .jsonl or .csv, also with .gz behind it; - is standard input.
  --url <url>     the server (http://127.0.0.1:4000)
  --mode <mode>   skipBad: lines that cannot be taken are reported, the others are taken (when not given);
                  allOrNothing: one such line, and none is taken
  --type <type>   ndjson or csv, when the name of the file does not say it
  --resume <id>   goes on with an import that broke off, with the same file: nothing is taken twice
  --help          this text
The environment variable TMF_API_KEY has the API key or the token, where the server wants one.
Exit code: 0 all lines are taken, 1 the import failed or lines were refused, 2 wrong use.
`;

const contentTypes: Readonly<Record<string, string>> = {
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
  csv: 'text/csv',
};

/** Parses the arguments; undefined when help is asked for. Throws WrongUse. */
export function readArguments(given: readonly string[]): ImportArguments | undefined {
  const { values, positionals } = parsed(given);
  if (values.help) return undefined;
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new WrongUse(`one file is needed, not ${positionals.length}`);
  if (!/^https?:\/\/[^/]+/.test(values.url) || !URL.canParse(values.url))
    throw new WrongUse(`--url '${values.url}' is no http address`);
  const { url, mode = 'skipBad', resume } = values;
  if (resume !== undefined && values.mode !== undefined)
    throw new WrongUse('--mode is that of the import, which --resume goes on with');
  if (resume !== undefined && !/^\w+$/.test(resume)) throw new WrongUse(`--resume '${resume}' is no id of an import`);
  if (path === '-')
    return {
      url,
      mode,
      resume,
      path: undefined,
      contentType: typeOf(values.type ?? 'ndjson'),
      isPacked: false,
      bytes: undefined,
    };
  const [, extension, packed] = /\.([a-z]+)(\.gz)?$/i.exec(basename(path)) ?? [];
  const type = values.type ?? extension?.toLowerCase() ?? '';
  return { url, mode, resume, path, contentType: typeOf(type), isPacked: packed !== undefined, bytes: sizeOf(path) };
}

function parsed(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:4000' },
        mode: { type: 'string' },
        type: { type: 'string' },
        resume: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new WrongUse((error as Error).message);
  }
}

function typeOf(name: string): string {
  const type = Object.hasOwn(contentTypes, name) ? contentTypes[name] : undefined;
  if (type === undefined)
    throw new WrongUse(`'${name}' is no type of a file: ${Object.keys(contentTypes).join(', ')} are; --type says it`);
  return type;
}

function sizeOf(path: string): number {
  try {
    const status = statSync(path);
    if (status.isDirectory()) throw new WrongUse(`'${path}' is a folder`);
    return status.size;
  } catch (error) {
    throw error instanceof WrongUse ? error : new WrongUse(`'${path}' cannot be read: ${(error as Error).message}`);
  }
}
