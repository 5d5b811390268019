import { computedColumns, fixedConditions, identifier } from '../read/columns.js';
import type { ResourceMapping } from '../read/resource-mapping.js';
import type { OrderedRows, PagePlan, StandingRows, Style, Sums } from './plan.js';

/** Arguments that a PostgreSQL function takes at most. */
const argumentsMax = 90;

/** `concat(...)` of the pieces, of which a null is as good as an empty text. */
export function concatenated(pieces: readonly string[]): string {
  if (pieces.length <= argumentsMax) return `concat(${merged(pieces).join(', ')})`;
  const groups: string[] = [];
  for (let at = 0; at < pieces.length; at += argumentsMax)
    groups.push(`concat(${merged(pieces.slice(at, at + argumentsMax)).join(', ')})`);
  return concatenated(groups);
}

/** Literals that stand side by side become one. */
function merged(pieces: readonly string[]): string[] {
  const result: string[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last !== undefined && isLiteral(last) && isLiteral(piece))
      result[result.length - 1] = last.slice(0, -1) + piece.slice(1);
    else result.push(piece);
  }
  return result;
}

function isLiteral(piece: string): boolean {
  return /^'(?:[^']|'')*'$/.test(piece);
}

/** A gap in a text, whose SQL depends on the request. */
export type Slot = PageSlot | CursorSlot | FirstSlot | SumsSlot | SeenSlot | InstantSlot | RefusalSlot;

/** A page within a text. */
export interface PageSlot {
  readonly page: PagePlan;
  /** SQL of the id of what it hangs on. */
  readonly parentId: string;
}

/** The cursor of a row under this alias, in the page of this number. */
export interface CursorSlot {
  readonly cursorOf: number;
  readonly mapping: ResourceMapping;
  readonly alias: string;
}

/** The first of rows, in brackets. */
export interface FirstSlot {
  readonly firstOf: OrderedRows;
  readonly parentId: string;
}

/** Groups with their sums, in brackets. */
export interface SumsSlot {
  readonly sums: Sums;
  readonly parentId: string;
}

/** The condition that rows under this alias are seen. */
export interface SeenSlot {
  readonly seen: ResourceMapping;
  readonly alias: string;
}

/** The instant of a request. */
export interface InstantSlot {
  readonly instantOf: number;
}

/** What stands for a request that was refused; else SQL null. */
export interface RefusalSlot {
  readonly refusalOf: number;
}

/** Names that are stored otherwise than they are shown. */
export type Renamed = readonly (readonly [stored: string, shown: string])[];

/** SQL text with gaps: `strings` has one more element than there are `slots`. */
export interface SlottedText {
  readonly strings: readonly string[];
  readonly slots: readonly Slot[];
  /** It has values as they are stored, in which these names are to be replaced. */
  readonly whole: Renamed | undefined;
}

/** No text of SQL has it. */
const mark = '\u0000';

/** Collects what the text of one statement needs beside the text. */
export class TextBuilder {
  private aliases = 0;
  private readonly slots: Slot[] = [];
  private whole: Map<string, string> | undefined;

  /** `prefix`: tells the aliases of nested statements apart. */
  constructor(
    readonly style: Style,
    private readonly prefix = '',
  ) {}

  /** An alias that nothing else in the statement has. */
  alias(letter: string): string {
    return `${this.prefix}${letter}${++this.aliases}`;
  }

  /** Notes that the text has a stored value as it is. */
  showWhole(renamed: Renamed): void {
    this.whole = new Map([...(this.whole ?? []), ...renamed]);
  }

  page(page: PagePlan, parentId: string): string {
    return this.slot({ page, parentId });
  }

  cursor(cursorOf: number, mapping: ResourceMapping, alias: string): string {
    return this.slot({ cursorOf, mapping, alias });
  }

  /** The first of rows under this alias, for FROM. */
  first(firstOf: OrderedRows, parentId: string, alias: string): string {
    return `${this.slot({ firstOf, parentId })} ${alias}`;
  }

  /** Groups with their sums under this alias, for FROM. */
  sums(sums: Sums, parentId: string, alias: string): string {
    return `${this.slot({ sums, parentId })} ${alias}`;
  }

  /** The text made of a row of an SQL function of an instant, or what stands for a refusal. */
  standing(number: number, { function: name, by }: StandingRows, id: string, text: string, alias: string): string {
    const rows = `${identifier(name)}(${this.slot({ instantOf: number })}) ${alias}`;
    const isOfObject = `${alias}."tenantId" = p."tenant" AND ${alias}.${identifier(by)} = ${id}`;
    return `COALESCE(${this.slot({ refusalOf: number })}, (SELECT ${text} FROM ${rows} WHERE ${isOfObject} LIMIT 1))`;
  }

  private slot(slot: Slot): string {
    this.slots.push(slot);
    return `${mark}${this.slots.length - 1}${mark}`;
  }

  /** The row with an id under this alias, for FROM. */
  rowById(mapping: ResourceMapping, id: string, alias: string): string {
    const { table, asOfFunction, asOfArgument } = mapping;
    if (asOfFunction !== undefined || asOfArgument !== undefined)
      throw new Error(`nothing refers to rows of ${mapping.name}`);
    return (
      `(SELECT b.*${computedColumns(mapping, 'b')} FROM ${identifier(table)} b WHERE b."tenantId" = p."tenant" AND b."id" = ${id} ` +
      `${fixedConditions(mapping, 'b')} ${this.slot({ seen: mapping, alias: 'b' })} LIMIT 1) ${alias}`
    );
  }

  /** The finished text by its gaps. */
  slotted(text: string): SlottedText {
    const parts = text.split(mark);
    return {
      strings: parts.filter((_, index) => index % 2 === 0),
      // A text may occur twice, and its pages with it.
      slots: parts.filter((_, index) => index % 2 === 1).map((index) => this.slots[Number(index)] as Slot),
      whole: this.whole && [...this.whole],
    };
  }
}
