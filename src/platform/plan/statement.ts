import { Prisma } from '../../../prisma/generated/client.js';
import { compileBeyond, compileCursor, compileOrder } from '../filter/sql/compile.js';
import { DomainError } from '../errors.js';
import { computedColumns, identifier, literal } from '../read/columns.js';
import { decodeCursor } from '../read/cursor.js';
import type { ResourceMapping } from '../read/resource-mapping.js';
import { childRowsOf, seen, sourceOf, type Scope, type Source } from '../read/source.js';
import { base64Url } from './base64-url.js';
import { jsonObjectText, rowText } from './object-text.js';
import { nestedPage } from './nested-page.js';
import type { PageRequest } from './page-request.js';
import { limitOf, needsCursor, pageSource, PageSql, type StatementBounds } from './page-sql.js';
import {
  extensionMark,
  needsCare,
  refusalOf,
  type ObjectsPlan,
  type PagePlan,
  type RowPlan,
  type Style,
} from './plan.js';
import { sumRows } from './sums-sql.js';
import { TextBuilder, type CursorSlot, type FirstSlot, type Slot, type SlottedText } from './text-builder.js';

/** What a statement is made for, beside its plan. */
export interface StatementScope extends Scope {
  /** Where addresses begin, e.g. https://example.org. */
  readonly origin: string;
}

/** A text that is the same for those only to whom a plan shows the same at one moment. */
export function scopeText({ tenantId, origin, visibility }: StatementScope): string {
  const parts: Record<Exclude<keyof StatementScope, 'at' | 'signal' | 'replicaAt'>, string> = {
    tenantId,
    origin,
    visibility: visibility?.key ?? '',
  };
  return Object.values(parts).join(' ');
}

/** The requests of the pages of a plan by their numbers; an error where one cannot be answered. */
export type PageRequests = readonly (PageRequest | DomainError)[];

/** What is the same in all statements of one request. */
export interface Statements {
  readonly scope: StatementScope;
  readonly bounds: StatementBounds;
  readonly requests: PageRequests;
  readonly style: Style;
}

/** SQL of rows by their ids: `item0` is the text, `head` that of what is told beside it. `where` must hold, too. */
export function rowStatement(
  plan: RowPlan,
  ids: readonly string[],
  statements: Statements,
  where?: PageRequest['filter'],
): Prisma.Sql {
  const source = sourceOf(
    plan.mapping,
    statements.scope,
    where ? { kind: 'and', filters: [named(ids), where] } : named(ids),
  );
  const { item, head } = rowTexts(plan, statements.style);
  const headText = head ? filled(head, statements) : Prisma.raw('NULL');
  const rows = Prisma.sql`SELECT ${filled(item, statements)} AS "item0", r."id", ${headText} AS "head" FROM (${rowsOf(plan.mapping, source)}) r`;
  // One row is bounded by what may be stored in it; many together are not.
  if (ids.length > 1) return bounded(rows, statements.bounds, [item], ['id', 'head']);
  if (!item.whole) return rows;
  // The limit says that there is one: where the table lies in partitions a kept plan, which may lead to any, would otherwise count as one that reads
  // a row of each, and the statement be planned each time.
  return Prisma.sql`SELECT ${Prisma.raw(finished('s."item0"', item))} AS "item0", s."id", s."head" FROM (${rows} LIMIT 1) s`;
}

function named(ids: readonly string[]): NonNullable<PageRequest['filter']> {
  const [id] = ids;
  return ids.length === 1 && id !== undefined
    ? { kind: 'compare', path: ['id'], operator: 'eq', value: id }
    : { kind: 'compareList', path: ['id'], operator: 'in', values: ids };
}

/**
 * SQL of a page, as one row: `item0` and so on are the texts of its rows, joined by `betweenItems`; `isTooLarge`, if there would be too
 * many bytes of them; `rows` is how many there are, one more than asked for when more follow; `first` and `last` are their cursors.
 */
export function pageStatement(plan: PagePlan, request: PageRequest, statements: Statements): Prisma.Sql {
  const { bounds, style, scope } = statements;
  const source = pageSource(plan, scope, request);
  const page = new PageSql(plan, request, bounds);
  const items = itemTexts(plan, style, 'r');
  const joinedItems = items.map((_, index) => Prisma.sql`${page.items(index)} AS ${Prisma.raw(`"item${index}"`)}, `);
  const sums = Prisma.sql`SELECT ${joined(joinedItems)}${page.isTooLarge()} AS "isTooLarge", count(*)::int AS "rows", ${page.cursor('first')} AS "first", ${page.cursor('last')} AS "last" FROM (${page.rows(textRows(plan, source, request, statements, 'r'))}) s`;
  const finishedItems = items.map((item, index) =>
    Prisma.raw(`${finished(`a."item${index}"`, item)} AS "item${index}", `),
  );
  return Prisma.sql`SELECT ${joined(finishedItems)}a."isTooLarge", a."rows", a."first", a."last" FROM (${sums} OFFSET 0) a`;
}

/** The texts of the rows of a page, unbounded. */
function textRows(
  plan: PagePlan,
  source: Source,
  request: PageRequest,
  statements: Statements,
  alias: string,
): Prisma.Sql {
  const { mapping } = plan;
  const cursor = needsCursor(plan)
    ? Prisma.sql`(${compileCursor(request.order, mapping, alias)})::text`
    : Prisma.sql`NULL`;
  const items = itemTexts(plan, statements.style, alias).map(
    (text, index) => Prisma.sql`${filled(text, statements)} AS ${Prisma.raw(`"item${index}"`)}, `,
  );
  return Prisma.sql`SELECT ${joined(items)}${cursor} AS "cursor" FROM (${pageRows(mapping, source, request)}) ${Prisma.raw(alias)}`;
}

function joined(parts: readonly Prisma.Sql[]): Prisma.Sql {
  return parts.length === 0 ? Prisma.empty : Prisma.join([...parts], '');
}

/** SQL of objects that are handed in. */
export function objectsStatement(plan: ObjectsPlan, objects: readonly object[], statements: Statements): Prisma.Sql {
  const text = filled(objectsTextOf(plan, statements.style), statements);
  const rows = Prisma.sql`SELECT ${text} AS "item0" FROM jsonb_array_elements(${JSON.stringify(objects)}::jsonb) WITH ORDINALITY o(v, n) ORDER BY o.n`;
  return bounded(rows, statements.bounds, [objectsTextOf(plan, statements.style)], []);
}

/** The statement with what its texts refer to as `p`, and whether something is due. Always at least one row. */
export function withParameters(
  statement: Prisma.Sql,
  { tenantId, origin }: StatementScope,
  isDue: Prisma.Sql,
): Prisma.Sql {
  return Prisma.sql`SELECT p."isDue", m.* FROM (SELECT ${tenantId}::text AS "tenant", ${origin}::text AS "origin", ${isDue} AS "isDue") p LEFT JOIN LATERAL (SELECT m.*, true AS "isRow" FROM (${statement}) m) m ON true`;
}

/** Texts in running order until they exceed the bytes together: from there on null. */
function bounded(
  rows: Prisma.Sql,
  { bytesMax }: StatementBounds,
  items: readonly SlottedText[],
  others: readonly string[],
): Prisma.Sql {
  if (items.length === 0) return rows;
  const names = items.map((_, index) => `s."item${index}"`);
  const isWithin = Prisma.sql`sum(octet_length(concat(${Prisma.raw(names.join(', '))}))) OVER (ROWS UNBOUNDED PRECEDING) <= ${bytesMax}::int`;
  const shown = items.map(
    (item, index) =>
      Prisma.sql`CASE WHEN ${isWithin} THEN ${Prisma.raw(`${finished(`s."item${index}"`, item)} END AS "item${index}"`)}`,
  );
  const beside = others.map((name) => `, s.${identifier(name)}`).join('');
  return Prisma.sql`SELECT ${Prisma.join(shown)}${Prisma.raw(beside)} FROM (${rows}) s`;
}

/**
 * A text in which stored values are shown as they are, under the names that are to be shown. PostgreSQL writes a blank behind
 * the colon of a stored name, which no other name here has; and a quotation mark within a text is always escaped. So only
 * stored names are found.
 */
function finished(text: string, { whole }: SlottedText): string {
  if (!whole) return text;
  const renamed = whole.reduce(
    (inner, [stored, shown]) => `replace(${inner}, ${literal(`"${stored}": `)}, ${literal(`"${shown}": `)})`,
    text,
  );
  const isPlain = [extensionMark, '": null'].map((part) => `strpos(${text}, ${literal(part)}) = 0`);
  return `CASE WHEN ${isPlain.join(' AND ')} THEN ${renamed} ELSE ${literal(needsCare)} END`;
}

/** The rows of a page as they are stored, and one more; texts are made of these alone, not of rows that are skipped. */
function pageRows(mapping: ResourceMapping, source: Source, request: PageRequest): Prisma.Sql {
  const { order, offset, limit, cursor, isBackward = false } = request;
  const place =
    cursor === undefined
      ? Prisma.empty
      : Prisma.sql`AND ${compileBeyond(order, decodeCursor(cursor, order, mapping, isBackward), mapping, 'b', isBackward)}`;
  // OFFSET 0 keeps PostgreSQL from going through all rows in their order until it meets enough of these.
  const rows = source.isFoundFirst
    ? Prisma.sql`SELECT b.* FROM (${rowsOf(mapping, source)} OFFSET 0) b WHERE true`
    : rowsOf(mapping, source);
  return Prisma.sql`${rows} ${place}
    ORDER BY ${compileOrder(order, mapping, 'b', isBackward)} ${limitOf(limit + 1)}${offset === 0 ? Prisma.empty : Prisma.sql` OFFSET ${offset}::int`}`;
}

function rowsOf(mapping: ResourceMapping, { from, where }: Source): Prisma.Sql {
  const beside = (mapping.beside?.columns ?? []).map((name) => `, h.${identifier(name)}`).join('');
  return Prisma.sql`SELECT b.*${Prisma.raw(computedColumns(mapping, 'b') + beside)} FROM ${from} WHERE ${where}`;
}

interface RowTexts {
  readonly item: SlottedText;
  readonly head: SlottedText | undefined;
}

const texts: Readonly<Record<Style, WeakMap<object, unknown>>> = {
  graphql: new WeakMap(),
  wire: new WeakMap(),
  wireWhole: new WeakMap(),
};

/** The text of a plan in a style, made once. */
function known<T>(plan: object, style: Style, make: () => T): T {
  let text = texts[style].get(plan) as T | undefined;
  if (text === undefined) texts[style].set(plan, (text = make()));
  return text;
}

function rowTexts(plan: RowPlan, style: Style): RowTexts {
  return known(plan, style, () => {
    const item = new TextBuilder(style);
    const head = new TextBuilder('graphql', 'h');
    return {
      item: item.slotted(rowText(item, plan.shape, plan.mapping, 'r')),
      head: plan.head && head.slotted(rowText(head, plan.head, plan.mapping, 'r')),
    };
  });
}

/** `alias`: that of the rows, the same for one plan at any time. */
function itemTexts(plan: PagePlan, style: Style, alias: string): readonly SlottedText[] {
  return known(plan, style, () =>
    plan.items.map((shape, index) => {
      const builder = new TextBuilder(style, `${alias}_${index || ''}`);
      return builder.slotted(rowText(builder, shape, plan.mapping, alias));
    }),
  );
}

function objectsTextOf(plan: ObjectsPlan, style: Style): SlottedText {
  return known(plan, style, () => {
    const builder = new TextBuilder(style);
    return builder.slotted(jsonObjectText(builder, plan.shape, 'o.v'));
  });
}

/** A text with its gaps filled. */
function filled({ strings, slots }: Pick<SlottedText, 'strings' | 'slots'>, statements: Statements): Prisma.Sql {
  const [first = ''] = strings;
  if (slots.length === 0) return Prisma.raw(first);
  return Prisma.sql(strings, ...slots.map((slot) => filling(slot, statements)));
}

function filling(slot: Slot, statements: Statements): Prisma.Sql {
  if ('page' in slot)
    return nestedPage(slot, statements, (source, request, alias) =>
      textRows(slot.page, source, request, statements, alias),
    );
  if ('firstOf' in slot) return firstRow(slot, statements.scope);
  if ('cursorOf' in slot) return cursorText(slot, statements);
  if ('sums' in slot) return sumRows(slot.sums, Prisma.raw(slot.parentId), statements.scope);
  if ('seen' in slot) return seen(slot.seen, slot.alias, statements.scope);
  const number = 'instantOf' in slot ? slot.instantOf : slot.refusalOf;
  const request = statements.requests[number];
  const isRefused = request === undefined || request instanceof DomainError;
  if ('refusalOf' in slot) return Prisma.raw(isRefused ? literal(refusalOf(number)) : 'NULL::text');
  const { at = statements.scope.at } = isRefused ? {} : request;
  return Prisma.sql`${at.toISOString()}::timestamptz`;
}

/** The cursor of a row, in quotation marks. */
function cursorText({ cursorOf, mapping, alias }: CursorSlot, { requests }: Statements): Prisma.Sql {
  const request = requests[cursorOf];
  if (request === undefined || request instanceof DomainError) throw new Error('a page that is read has a request');
  return Prisma.sql`('"' || ${base64Url(Prisma.sql`(${compileCursor(request.order, mapping, alias)})::text`)} || '"')`;
}

function firstRow({ firstOf: { mapping, edge, order }, parentId }: FirstSlot, scope: Scope): Prisma.Sql {
  const source = childRowsOf(sourceOf(mapping, scope, undefined), edge, Prisma.raw(parentId), scope);
  // A page has one more row than its limit.
  return Prisma.sql`(${pageRows(mapping, source, { order, offset: 0, limit: 0 })})`;
}
