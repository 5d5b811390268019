import type { DedicatedConnection } from './database.js';

/** A function in SQL, as the database has it. */
export interface SqlFunction {
  readonly name: string;
  /** Its one statement. */
  readonly body: string;
  readonly parameters: readonly { readonly name: string; /** It is a row of this table. */ readonly table?: string }[];
  /** Columns of the rows that it returns; undefined: it returns one value. */
  readonly columns?: readonly string[];
}

export type SqlFunctions = ReadonlyMap<string, readonly SqlFunction[]>;

/** Functions within functions, at most. */
const depthMax = 6;

/**
 * Functions that read tables, or take a row of one. A statement that calls them cannot run where a table lies in shards: there its
 * rows have another type, and what the function reads is elsewhere.
 */
export async function readFunctions(connection: Pick<DedicatedConnection, 'query'>): Promise<SqlFunctions> {
  const rows = await connection.query<{
    name: string;
    body: string;
    parameters: string[] | null;
    tables: (string | null)[] | null;
    columns: string[] | null;
  }>(`
    SELECT p.proname::text AS "name", p.prosrc AS "body",
      (SELECT array_agg(n ORDER BY o) FROM unnest(p.proargnames::text[]) WITH ORDINALITY u(n, o) WHERE p.proargmodes IS NULL OR p.proargmodes[o] = 'i') AS "parameters",
      (SELECT array_agg(c.relname::text ORDER BY o) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u(t, o)
        LEFT JOIN pg_class c ON c.reltype = u.t AND c.relkind IN ('r', 'p')) AS "tables",
      CASE WHEN p.proretset OR p.proargmodes IS NOT NULL THEN COALESCE(
        (SELECT array_agg(n ORDER BY o) FROM unnest(p.proargnames::text[]) WITH ORDINALITY u(n, o) WHERE p.proargmodes[o] = 't'),
        (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE t.oid = p.prorettype AND t.typrelid <> 0),
        ARRAY[]::text[]) END AS "columns"
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'public'::regnamespace AND l.lanname = 'sql' AND p.prosqlbody IS NULL
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`);
  const all = rows.map(({ name, body, parameters, tables, columns }): SqlFunction => ({
    name,
    body: body.trim().replace(/;$/, ''),
    parameters: (tables ?? []).map((table, index) => ({
      name: parameters?.[index] ?? '',
      ...(table !== null && { table }),
    })),
    ...(columns !== null && { columns }),
  }));
  const found = new Map<string, SqlFunction[]>();
  for (const one of all.filter((any) => readsRows(any, all)))
    found.set(one.name, [...(found.get(one.name) ?? []), one]);
  return found;
}

function readsRows({ body, parameters }: SqlFunction, all: readonly SqlFunction[], depth = 0): boolean {
  if (parameters.some(({ table }) => table !== undefined)) return true;
  if (/\b(FROM|JOIN)\s+("public"\.)?"\w+"\s+\w/.test(body)) return true;
  return depth < depthMax && all.some((one) => body.includes(`"${one.name}"(`) && readsRows(one, all, depth + 1));
}

/** The statement with the bodies of these functions in the place of their calls. */
export function withFunctionsInline(text: string, functions: SqlFunctions, depth = 1): string {
  if (depth > depthMax) throw new Error('functions call each other in a circle');
  return withCalls(withRowFunctions(text, functions), functions, depth);
}

/** `b."name"` of a row that has no such column is a call, too. */
function withRowFunctions(text: string, functions: SqlFunctions): string {
  return text.replaceAll(/\b([a-z]\w*)\."(\w+)"/g, (whole: string, alias: string, name: string, at: number) => {
    const possible = functions
      .get(name)
      ?.filter(({ parameters }) => parameters.length === 1 && parameters[0]?.table !== undefined);
    if (possible === undefined || possible.length === 0) return whole;
    const table = tableAt(text, alias, at);
    return possible.some(({ parameters }) => parameters[0]?.table === table) ? `"${name}"(${alias})` : whole;
  });
}

/** The table that an alias stands for at a place: of the innermost SELECT around it that has the alias; undefined: it is none. */
function tableAt(text: string, alias: string, at: number): string | undefined {
  for (let [from, to] = [at, at]; ;) {
    from = bracketFrom(text, from, -1);
    to = bracketFrom(text, to, 1);
    // What stands in brackets of its own is not of this SELECT.
    const level = withoutInner(text.slice(from + 1, to));
    let begin = 0;
    for (const select of level.split(/\bUNION\b/)) {
      const end = begin + select.length;
      const place = at - from - 1;
      if (place >= begin && place <= end) {
        const found = declarationOf(alias).exec(select);
        if (found) return found[1];
      }
      begin = end + 'UNION'.length;
    }
    if (from < 0) return undefined;
  }
}

/** The bracket around a place, in this direction; behind the text where there is none. */
function bracketFrom(text: string, at: number, step: 1 | -1): number {
  const [opens, closes] = step === 1 ? ['(', ')'] : [')', '('];
  let place = at + (text[at] === closes && step === 1 ? step : step === -1 ? step : 0);
  for (let depth = 0; place >= 0 && place < text.length; place += step) {
    if (text[place] === opens) depth++;
    else if (text[place] === closes && depth-- === 0) return place;
  }
  return place;
}

/** The text with blanks in the place of what is in brackets. */
function withoutInner(text: string): string {
  let depth = 0;
  let result = '';
  for (const character of text) {
    if (character === ')') depth = Math.max(0, depth - 1);
    result += depth > 0 ? ' ' : character;
    if (character === '(') depth++;
  }
  return result;
}

function declarationOf(alias: string): RegExp {
  return new RegExp(`(?:"(\\w+)"|\\)) ${alias}\\b(?!\\.)`);
}

const call = /(?:"public"\.)?"(\w+)"\(/g;

function withCalls(text: string, functions: SqlFunctions, depth: number): string {
  let result = '';
  let done = 0;
  for (const match of text.matchAll(call)) {
    const [whole, name = ''] = match;
    const possible = functions.get(name);
    if (possible === undefined || match.index < done) continue;
    const begin = match.index + whole.length;
    const { items, end } = argumentsAt(text, begin);
    const given = items.map((item) => withFunctionsInline(item, functions, depth));
    const table = /^"?[a-z]\w*"?$/.test(given[0] ?? '')
      ? tableAt(text, (given[0] ?? '').replaceAll('"', ''), match.index)
      : undefined;
    const chosen =
      possible.length === 1 ? possible[0] : possible.find(({ parameters }) => parameters[0]?.table === table);
    if (chosen?.parameters.length !== given.length) continue;
    const body = withFunctionsInline(bodyOf(chosen, given, depth), functions, depth + 1);
    const behind = text.slice(end);
    // Whoever names no columns gets those of the function.
    const [named = '', isColumned] = /^ ?[a-z]\w*(\()?/.exec(behind) ?? [];
    const columns =
      chosen.columns && chosen.columns.length > 0 && named !== '' && !isColumned
        ? `${named}(${chosen.columns.map((column) => `"${column}"`).join(', ')})`
        : '';
    result += `${text.slice(done, match.index)}(${body})${columns}`;
    done = columns === '' ? end : end + named.length;
  }
  return result + text.slice(done);
}

/** What stands between commas up to the bracket that closes. */
function argumentsAt(text: string, begin: number): { items: string[]; end: number } {
  const items = [''];
  let depth = 0;
  for (const { 0: token, index } of text.slice(begin).matchAll(/"[^"]*"|'(?:[^']|'')*'|[^"']/gs)) {
    if (token === '(' || token === '[') depth++;
    if (token === ')' && depth === 0) return { items: items.map((item) => item.trim()), end: begin + index + 1 };
    if (token === ')' || token === ']') depth--;
    if (token === ',' && depth === 0) items.push('');
    else items[items.length - 1] += token;
  }
  throw new Error(`a call is not closed: ${text.slice(begin, begin + 100)}`);
}

const tokens = /--[^\n]*|'(?:[^']|'')*'|"(\w+)"|\$(\d+)|[A-Za-z_]\w*|[^"'$]/gs;

/** The body with what is given in the place of parameters. Its own names of rows become others: those that are given may be the same. */
function bodyOf({ body, parameters }: SqlFunction, given: readonly string[], depth: number): string {
  const isOwn = (name: string): boolean => new RegExp(`(?:"\\w+"|\\))\\s+${name}(?![\\w.])`).test(body);
  return body.replaceAll(
    tokens,
    (token: string, quoted: string | undefined, number: string | undefined, at: number) => {
      if (token.startsWith('--')) return '';
      if (number !== undefined) return `(${given[Number(number) - 1] ?? token})`;
      const name = quoted ?? (/^[a-z]{1,2}$/.test(token) ? token : undefined);
      if (name === undefined) return token;
      const index = parameters.findIndex((one) => one.name === name);
      const parameter = parameters[index];
      const isBehindDot = body[at - 1] === '.';
      if (parameter !== undefined && !isBehindDot && (quoted !== undefined || !isOwn(name))) {
        if (parameter.table !== undefined) return given[index]?.replaceAll('"', '') ?? token;
        if (quoted !== undefined && !/^\s*\(/.test(body.slice(at + token.length))) return `(${given[index] ?? ''})`;
      }
      return quoted === undefined && !isBehindDot ? `${token}_${depth}` : token;
    },
  );
}

/**
 * A statement about rows of all tenants without a lock of them, which no one node could take: whoever changes what it finds compares
 * again. What reads a table that is not distributed keeps it.
 */
export function withoutLockOfAll(text: string, distributed: ReadonlySet<string>): string {
  const tables = [...text.matchAll(/\b(?:FROM|JOIN)\s+"(\w+)"/g)];
  if (tenantValue.test(text) || !tables.every(([, table = '']) => distributed.has(table))) return text;
  return text.replace(/\s+FOR UPDATE(?: OF \w+)? SKIP LOCKED/, '');
}

/** The value that names the tenant of a statement. */
const tenantValue = /"tenantId" = (\$\d+)|(\$\d+)::text AS "tenant"/;

/**
 * The statement with the tenant named for each table that it is compared for: only so it is known, before anything is planned, that one shard
 * has all of it. What names no tenant stays as it is.
 */
export function withTenantNamed(text: string): string {
  const [, ...values] = tenantValue.exec(text) ?? [];
  const value = values.find((one) => one !== undefined);
  return value === undefined
    ? text
    : text.replaceAll(
        /\b([a-z]\w*)\."tenantId" = (?!\$)/g,
        `$1."tenantId" = ${value.replace('$', '$$$$')} AND $1."tenantId" = `,
      );
}
