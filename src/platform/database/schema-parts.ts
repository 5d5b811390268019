/** Something that a migration makes: what it is called, e.g. `column Bucket.id`, and the table that it goes with. */
type Parts = Map<string, { readonly table?: string }>;

const name = String.raw`(?:"public"\.)?"(\w+)"`;
const createTable = new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?${name}\\s*\\((.*)\\)`, 's');
const createIndex = new RegExp(`^CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?"(\\w+)"\\s+ON ${name}`);
const createFunction = new RegExp(`^CREATE (?:OR REPLACE )?FUNCTION ${name}`);
const createTrigger = new RegExp(`^CREATE (?:OR REPLACE )?TRIGGER "(\\w+)".*?\\sON ${name}`, 's');
const createType = new RegExp(`^CREATE TYPE ${name}`);
const alterTable = new RegExp(`^ALTER TABLE (?:ONLY )?${name}\\s+(.*)$`, 's');
const renameIndex = new RegExp(`^ALTER INDEX ${name} RENAME TO "(\\w+)"`);
const dropTrigger = new RegExp(`^DROP TRIGGER (?:IF EXISTS )?"(\\w+)" ON ${name}`);
const drop = new RegExp(`^DROP (TABLE|INDEX|FUNCTION|TYPE) (?:CONCURRENTLY )?(?:IF EXISTS )?${name}`);

const column = /^"(\w+)"/;
/** Such constraints are kept by an index of their name. */
const keyConstraint = /^(?:ADD\s+)?CONSTRAINT "(\w+)" (?:PRIMARY KEY|UNIQUE)/;

/**
 * What a database has, by name, on which these migrations ran: tables, columns, indexes, functions, triggers and types. Read from
 * their SQL, which is ours; a form of statement that it does not know fails the test that compares it with a database.
 */
export function partsOf(scripts: readonly string[]): string[] {
  const parts: Parts = new Map();
  for (const statement of scripts.flatMap(statementsOf)) take(parts, statement);
  return [...parts.keys()].sort();
}

function take(parts: Parts, statement: string): void {
  const match = (pattern: RegExp): string[] | undefined => pattern.exec(statement)?.slice(1);
  const table = match(createTable);
  if (table) return addTable(parts, table[0] ?? '', table[1] ?? '');
  const altered = match(alterTable);
  if (altered) return alter(parts, altered[0] ?? '', altered[1] ?? '');
  const index = match(createIndex);
  if (index) return void parts.set(`index ${index[0]}`, { table: index[1] });
  const trigger = match(createTrigger);
  if (trigger) return void parts.set(`trigger ${trigger[1]}.${trigger[0]}`, { table: trigger[1] });
  const [func] = match(createFunction) ?? [];
  if (func) return void parts.set(`function ${func}`, {});
  const [type] = match(createType) ?? [];
  if (type) return void parts.set(`type ${type}`, {});
  const renamed = match(renameIndex);
  if (renamed) return rename(parts, `index ${renamed[0]}`, `index ${renamed[1]}`);
  const goneTrigger = match(dropTrigger);
  if (goneTrigger) return void parts.delete(`trigger ${goneTrigger[1]}.${goneTrigger[0]}`);
  const [kind, gone] = match(drop) ?? [];
  if (kind) remove(parts, kind.toLowerCase(), gone ?? '');
}

function addTable(parts: Parts, table: string, body: string): void {
  parts.set(`table ${table}`, { table });
  for (const line of itemsOf(body)) addLine(parts, table, line);
}

/** A column, or a constraint, as CREATE TABLE and ADD have them. */
function addLine(parts: Parts, table: string, line: string): void {
  const key = keyConstraint.exec(line)?.[1];
  if (key) parts.set(`index ${key}`, { table });
  const added = column.exec(line)?.[1];
  if (added) parts.set(`column ${table}.${added}`, { table });
}

function alter(parts: Parts, table: string, actions: string): void {
  for (const action of itemsOf(actions)) {
    const [, added] = /^ADD\s+(?:COLUMN\s+)?(?:IF NOT EXISTS\s+)?(?=")(.*)$/s.exec(action) ?? [];
    if (added) addLine(parts, table, added);
    if (keyConstraint.test(action)) addLine(parts, table, action);
    const [, dropped] = /^DROP\s+(?:COLUMN\s+)?(?:IF EXISTS\s+)?"(\w+)"/.exec(action) ?? [];
    if (dropped) parts.delete(`column ${table}.${dropped}`);
    const [, constraint] = /^DROP CONSTRAINT (?:IF EXISTS )?"(\w+)"/.exec(action) ?? [];
    if (constraint) parts.delete(`index ${constraint}`);
    const [, from, to] = /^RENAME (?:COLUMN )?"(\w+)" TO "(\w+)"/.exec(action) ?? [];
    if (from) rename(parts, `column ${table}.${from}`, `column ${table}.${to}`);
    const [, was, is] = /^RENAME CONSTRAINT "(\w+)" TO "(\w+)"/.exec(action) ?? [];
    if (was) rename(parts, `index ${was}`, `index ${is}`);
  }
}

function rename(parts: Parts, from: string, to: string): void {
  const part = parts.get(from);
  if (part && parts.delete(from)) parts.set(to, part);
}

/** A table takes along what goes with it. */
function remove(parts: Parts, kind: string, gone: string): void {
  parts.delete(`${kind} ${gone}`);
  if (kind !== 'table') return;
  for (const [part, { table }] of parts) if (table === gone) parts.delete(part);
}

/** What stands between commas, save for those within parentheses or quotes. */
function itemsOf(text: string): string[] {
  const items = [''];
  let depth = 0;
  for (const [token] of text.matchAll(/"[^"]*"|'(?:[^']|'')*'|[^"']/gs)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    if (token === ',' && depth === 0) items.push('');
    else items[items.length - 1] += token;
  }
  return items.map((item) => item.trim());
}

/** Comments, strings, quoted names, bodies of functions, ends of statements, and every other character. */
const tokens = /--[^\n]*|\/\*.*?\*\/|'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$.*?\$\1\$|\bBEGIN ATOMIC\b.*?\nEND;|;|[^;]/gs;

/** The statements of a script, without its comments. */
function statementsOf(script: string): string[] {
  const statements = [''];
  for (const [token] of script.matchAll(tokens)) {
    const isEnd = token === ';' || token.startsWith('BEGIN ATOMIC');
    if (isEnd) statements.push('');
    else if (!/^(--|\/\*)/.test(token)) statements[statements.length - 1] += token;
  }
  return statements.map((statement) => statement.trim()).filter(Boolean);
}
