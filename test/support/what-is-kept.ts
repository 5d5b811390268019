import { readdirSync, readFileSync } from 'node:fs';

/** A row of the table "What is kept" in docs/operations.md. */
export interface Kept {
  readonly tables: readonly string[];
  readonly kept: string;
}

export function whatIsKept(): Kept[] {
  const section = /^## What is kept\n(.*?)^## /ms.exec(readFileSync('docs/operations.md', 'utf8'))?.[1] ?? '';
  return [...section.matchAll(/^\| (`.*?) \| (.*) \|$/gm)].map(([, tables = '', kept = '']) => ({
    tables: [...tables.matchAll(/`(\w+)`/g)].map(([, table = '']) => table),
    kept,
  }));
}

/** The table of every model. */
export function tablesOfSchema(): string[] {
  return readdirSync('prisma/schema')
    .flatMap((file) => [...readFileSync(`prisma/schema/${file}`, 'utf8').matchAll(/^model (\w+) \{/gm)])
    .map(([, name = '']) => name);
}
