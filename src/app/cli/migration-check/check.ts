import { loadModule, parse } from 'libpg-query';
import { runsAlone, type Migration } from '../../../platform/database/migrations.js';
import { partsOf } from '../../../platform/database/schema-parts.js';
import { rulesBrokenBy } from './alter-table.js';
import { rules, smallTables, type Rule } from './rules.js';
import { child, children, find, isNode, lastName, textOf, type Node } from './tree.js';

/** What a migration must not do. */
export interface Problem {
  readonly migration: string;
  readonly rule: Rule;
  /** The beginning of the statement. */
  readonly statement: string;
  readonly instead: string;
}

export interface CheckedMigrations {
  /** All of them, in their order. */
  readonly migrations: readonly Migration[];
  /** The last migration of the released version: what it made has rows, and is used by the server beside. */
  readonly released: string;
  /** Those that are looked at: names behind this one. */
  readonly after: string;
}

interface Situation {
  readonly migration: Migration;
  /** Parts that the released version has, by the names of partsOf. */
  readonly released: ReadonlySet<string>;
  /** `Table.column` that a CHECK of an earlier migration proves to be never null. */
  readonly proved: ReadonlySet<string>;
  readonly isAlone: boolean;
}

/** @returns what the migrations after `after` do that locks or rewrites tables, or breaks the released server; each has its exceptions in comments */
export async function checkMigrations({ migrations, released, after }: CheckedMigrations): Promise<Problem[]> {
  await loadModule();
  const before = new Set(partsOf(migrations.filter(({ name }) => name <= released).map(({ sql }) => sql)));
  const problems: Problem[] = [];
  const notNulls = new Map<string, string>();
  const proved = new Set<string>();
  for (const migration of migrations) {
    const statements = await statementsOf(migration.sql);
    const situation = { migration, released: before, proved, isAlone: runsAlone(migration.sql) };
    if (migration.name > after) problems.push(...withExceptions(situation, problemsOf(statements, situation)));
    for (const { node } of statements) learn(node, notNulls, proved);
  }
  return problems;
}

interface Statement {
  readonly node: Node;
  readonly text: string;
}

async function statementsOf(sql: string): Promise<Statement[]> {
  const { stmts = [] } = (await parse(sql)) as { stmts?: Node[] };
  const bytes = Buffer.from(sql);
  return stmts.map((one) => {
    const from = Number(one['stmt_location'] ?? 0);
    const text = bytes.subarray(from, from + Number(one['stmt_len'] ?? bytes.length)).toString();
    return {
      node: child(one, 'stmt'),
      text: text
        .replaceAll(/^\s*--.*$/gm, '')
        .trim()
        .replaceAll(/\s+/g, ' '),
    };
  });
}

/** Constraints that say of a column that it is never null, and those that were validated. */
function learn(node: Node, notNulls: Map<string, string>, proved: Set<string>): void {
  const alter = child(node, 'AlterTableStmt');
  const table = textOf(child(alter, 'relation'), 'relname');
  for (const command of commandsOf(alter)) {
    const constraint = child(child(command, 'def'), 'Constraint');
    const column = columnNeverNull(constraint);
    if (column) notNulls.set(`${table}.${textOf(constraint, 'conname')}`, `${table}.${column}`);
    const validated = notNulls.get(`${table}.${textOf(command, 'name')}`);
    if (textOf(command, 'subtype') === 'AT_ValidateConstraint' && validated) proved.add(validated);
  }
}

function columnNeverNull(constraint: Node): string | undefined {
  const test = child(child(constraint, 'raw_expr'), 'NullTest');
  if (textOf(test, 'nulltesttype') !== 'IS_NOT_NULL') return undefined;
  return lastName(children(child(child(test, 'arg'), 'ColumnRef'), 'fields'));
}

function problemsOf(statements: readonly Statement[], situation: Situation): Problem[] {
  const { migration, isAlone } = situation;
  const found: { rule: Rule; text: string }[] = [];
  const made = new Set<string>();
  const again = new Set(statements.map(({ node }) => nameOfMade(node)));
  for (const { node, text } of statements) {
    for (const rule of new Set(rulesOf(node, { ...situation, made, again }))) found.push({ rule, text });
    if (isAlone !== isRepeatable(node)) found.push({ rule: 'without-transaction', text });
    const table = textOf(child(child(node, 'CreateStmt'), 'relation'), 'relname');
    if (table && !isNode(child(node, 'CreateStmt')['partbound'])) made.add(table);
  }
  if (isAlone && statements.length !== 1)
    found.push({ rule: 'without-transaction', text: `${statements.length} statements` });
  return found.map(({ rule, text }) => ({
    migration: migration.name,
    rule,
    statement: text.slice(0, 200),
    instead: rules[rule],
  }));
}

/** Takes out what the migration declares, and tells of declarations that say nothing. */
function withExceptions({ migration }: Situation, problems: readonly Problem[]): Problem[] {
  const declared = [...migration.sql.matchAll(/^-- allow\b(.*)$/gm)].map(([line, rest = '']) => {
    const [, rule, reason] = /^ ([\w-]+): (\S.{9,})$/.exec(rest) ?? [];
    return { line, rule: reason ? rule : undefined };
  });
  const idle = declared.filter(({ rule }) => !problems.some((one) => one.rule === rule));
  return [
    ...problems.filter(({ rule }) => !declared.some((one) => one.rule === rule)),
    ...idle.map(({ line }) => ({
      migration: migration.name,
      rule: 'exception' as const,
      statement: line,
      instead: rules.exception,
    })),
  ];
}

/** Statements that run outside a transaction, and may be repeated when they were broken off. */
function isRepeatable(node: Node): boolean {
  const index = child(node, 'IndexStmt');
  if (index['concurrent'] === true) return index['if_not_exists'] === true;
  const drop = child(node, 'DropStmt');
  if (drop['concurrent'] === true) return drop['missing_ok'] === true;
  if (find(child(node, 'ReindexStmt'), 'DefElem').some((one) => textOf(one, 'defname') === 'concurrently')) return true;
  const commands = commandsOf(child(node, 'AlterTableStmt'));
  return commands.length > 0 && commands.every((one) => textOf(one, 'subtype') === 'AT_ValidateConstraint');
}

function commandsOf(alter: Node): Node[] {
  return children(alter, 'cmds').map((one) => child(one, 'AlterTableCmd'));
}

/** Within one migration: what it made itself is empty, and nobody else knows it. */
interface Within extends Situation {
  readonly made: ReadonlySet<string>;
  /** Functions, triggers and views that it makes: what it drops of that name is made anew at the same moment. */
  readonly again: ReadonlySet<string>;
}

function nameOfMade(node: Node): string {
  const trigger = textOf(child(node, 'CreateTrigStmt'), 'trigname');
  const view = textOf(child(child(node, 'ViewStmt'), 'view'), 'relname');
  return trigger || view || lastName(children(child(node, 'CreateFunctionStmt'), 'funcname'));
}

/** Each kind of statement that may break a rule. */
const byKind: Readonly<Record<string, (statement: Node, within: Within) => Rule[]>> = {
  AlterTableStmt: (alter, within) => {
    if (textOf(alter, 'objtype') !== 'OBJECT_TABLE') return [];
    const table = textOf(child(alter, 'relation'), 'relname');
    if (within.made.has(table)) return [];
    const isProved = (column: string): boolean => within.proved.has(`${table}.${column}`);
    return commandsOf(alter).flatMap((command) =>
      rulesBrokenBy(command, { table, isBig: isBig(table, within), isProved }).filter(
        (rule) => rule !== 'drop-or-rename' || isReleasedPart(table, command, within),
      ),
    );
  },
  IndexStmt: (index, within) =>
    index['concurrent'] !== true && isBig(textOf(child(index, 'relation'), 'relname'), within) ? ['index-locks'] : [],
  DropStmt: (drop, within) => {
    const names = children(drop, 'objects')
      .map((one) => droppedName(one))
      .filter((name) => !within.again.has(name));
    const rulesBroken: Rule[] = [];
    const type = textOf(drop, 'removeType');
    if (
      type === 'OBJECT_INDEX' &&
      drop['concurrent'] !== true &&
      names.some((name) => isReleased('index', name, within))
    )
      rulesBroken.push('index-locks');
    const kind = droppedKinds[type];
    if (
      kind === undefined
        ? type === 'OBJECT_VIEW' && names.length > 0
        : names.some((name) => isReleased(kind, name, within))
    )
      rulesBroken.push('drop-or-rename');
    return rulesBroken;
  },
  RenameStmt: (rename, within) => {
    const table = textOf(child(rename, 'relation'), 'relname');
    const isOwn = table !== '' && (within.made.has(table) || !within.released.has(`table ${table}`));
    return isOwn && textOf(rename, 'renameType') !== 'OBJECT_INDEX' ? [] : ['drop-or-rename'];
  },
  CreateStmt: (create, within) => {
    const [parent] = children(create, 'inhRelations').map((one) => textOf(child(one, 'RangeVar'), 'relname'));
    return parent !== undefined && isBig(parent, within) ? ['partition'] : [];
  },
  TruncateStmt: (truncate, within) =>
    children(truncate, 'relations').some((one) => isBig(textOf(child(one, 'RangeVar'), 'relname'), within))
      ? ['change-rows']
      : [],
  VacuumStmt: () => ['rewrite'],
  ClusterStmt: () => ['rewrite'],
  RefreshMatViewStmt: (refresh) => (refresh['concurrent'] === true ? [] : ['rewrite']),
  ReindexStmt: (reindex) =>
    find(reindex, 'DefElem').some((one) => textOf(one, 'defname') === 'concurrently') ? [] : ['index-locks'],
  LockStmt: () => ['lock-table'],
  DoStmt: () => ['hidden-code'],
  CallStmt: () => ['hidden-code'],
  VariableSetStmt: (set) => (/_timeout$/.test(textOf(set, 'name')) ? ['timeouts'] : []),
};

/** Kinds of dropped objects, as partsOf names them. */
const droppedKinds: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_FUNCTION: 'function',
  OBJECT_TYPE: 'type',
  OBJECT_TRIGGER: 'trigger',
};

function rulesOf(node: Node, within: Within): Rule[] {
  const [kind = ''] = Object.keys(node);
  const own = byKind[kind]?.(child(node, kind), within) ?? [];
  return [...own, ...(kind.startsWith('Create') ? [] : changedRows(node, within))];
}

/** Rows of a table that may be big are changed, also within WITH, or copied from one. */
function changedRows(node: Node, within: Within): Rule[] {
  const changed = ['UpdateStmt', 'DeleteStmt', 'MergeStmt'].flatMap((kind) => find(node, kind));
  const isChanged = changed.some((one) => isBig(textOf(child(one, 'relation'), 'relname'), within));
  const read = find(node, 'InsertStmt').flatMap((insert) => find(insert['selectStmt'], 'RangeVar'));
  const isCopied = read.some((one) => isBig(textOf(one, 'relname'), within));
  return isChanged || isCopied ? ['change-rows'] : [];
}

function isBig(table: string, { made }: Within): boolean {
  return !made.has(table) && !smallTables.has(table);
}

function droppedName(object: Node): string {
  const items = children(child(object, 'List'), 'items');
  const names = items.length > 0 ? items : children(child(object, 'ObjectWithArgs'), 'objname');
  if (names.length > 0) return lastName(names);
  return lastName(children(child(object, 'TypeName'), 'names'));
}

function isReleased(kind: string, name: string, { released }: Within): boolean {
  // A trigger is named with its table.
  return [...released].some((part) => part === `${kind} ${name}` || (kind === 'trigger' && part.endsWith(`.${name}`)));
}

/** A column, or the index of a key: other constraints may go. */
function isReleasedPart(table: string, command: Node, { released }: Within): boolean {
  const name = textOf(command, 'name');
  return released.has(textOf(command, 'subtype') === 'AT_DropColumn' ? `column ${table}.${name}` : `index ${name}`);
}
