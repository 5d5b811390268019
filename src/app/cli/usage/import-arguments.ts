import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { readOptions, WrongUse } from '../administration/command.js';
import { serverOptions } from '../remote/client.js';

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

const contentTypes: Readonly<Record<string, string>> = {
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
  csv: 'text/csv',
};

/** Parses the arguments. Throws WrongUse. */
export function readArguments(given: string[]): ImportArguments {
  const text = { type: 'string' } as const;
  const { values, id: path } = readOptions(given, { ...serverOptions, mode: text, type: text, resume: text }, 1);
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
  return { url, mode, resume, path, ...kindOf(path, values.type), bytes: sizeOf(path) };
}

/** What a file of this name has. Throws WrongUse. */
export function kindOf(path: string, type: string | undefined): { contentType: string; isPacked: boolean } {
  const [, extension = '', packed] = /\.([a-z]+)(\.gz)?$/i.exec(basename(path)) ?? [];
  return { contentType: typeOf(type ?? extension.toLowerCase()), isPacked: packed !== undefined };
}

export function typeOf(name: string): string {
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
