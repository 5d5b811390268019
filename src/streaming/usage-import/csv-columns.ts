import { DomainError, abbreviated } from '../../platform/errors.js';
import type { Attributes, AttributeType, ScalarType } from '../../platform/filter/tree/attribute-type.js';
import { CSV_COLUMNS_MAX } from '../limits.js';

/** What the columns of a file may be. */
export interface CsvColumns {
  readonly attributes: Attributes;
  /** `@type` is atType. */
  toAttribute(wire: string): string;
}

/** The cells of one record. */
export type CsvRow = readonly string[];
type Json = Record<string, unknown>;
interface Column {
  /** Where its cells belong: `relatedParty.id` and `relatedParty.0.id` are one place. */
  place: string;
  put(usage: Json, cell: string): void;
}

/** Which element of a list: any that the columns of a file can lead to. */
const indexPattern = /^\d{1,3}$/;
/** Every characteristic has a column of its own, by its name, which may have dots. */
const characteristicPrefix = 'usageCharacteristic.';

/**
 * Reads the header: dotted TMF paths such as `usageSpecification.id`, lists with the index of the element
 * (`relatedParty.0.id`) or, for the first, without. Answers how a row becomes a usage; an empty cell is an absent value.
 */
export function readHeader(header: CsvRow, columns: CsvColumns): (row: CsvRow) => Json {
  if (header.length > CSV_COLUMNS_MAX)
    throw problem(`has ${header.length} columns: the limit CSV_COLUMNS_MAX is ${CSV_COLUMNS_MAX}`);
  const seen = new Set<string>();
  const readers = header.map((cell) => {
    const name = cell.trim();
    const column = name.startsWith(characteristicPrefix)
      ? characteristic(name.slice(characteristicPrefix.length))
      : attribute(name, columns);
    if (seen.has(column.place)) throw problem(`has column '${abbreviated(name)}' twice`);
    seen.add(column.place);
    return column;
  });
  return (row) => {
    if (row.length !== readers.length) {
      throw new DomainError('INVALID_BODY', `the row has ${row.length} cells, the header ${readers.length}`);
    }
    const usage: Json = {};
    row.forEach((cell, index) => cell === '' || readers[index]?.put(usage, cell));
    return withoutHoles(usage);
  };
}

function problem(text: string): DomainError {
  return new DomainError('INVALID_BODY', `the header ${text}`);
}

function characteristic(name: string): Column {
  if (name === '') throw problem(`names no characteristic behind '${characteristicPrefix}'`);
  return {
    place: characteristicPrefix + name,
    put: (usage, value) => {
      const list = (usage['usageCharacteristic'] ??= []) as Json[];
      list.push({ name, value });
    },
  };
}

function attribute(name: string, { attributes, toAttribute }: CsvColumns): Column {
  const unknown = (): DomainError => problem(`has column '${abbreviated(name)}', which is no attribute of a usage`);
  const path: (string | number)[] = [];
  let type: AttributeType = { kind: 'object', attributes: () => attributes };
  const segments = name.split('.');
  while (segments.length > 0) {
    if (type.kind === 'list') {
      path.push(indexPattern.test(segments[0] ?? '') ? Number(segments.shift()) : 0);
      type = type.element;
      continue;
    }
    const segment = segments.shift() ?? '';
    const inner: Attributes = type.kind === 'object' ? type.attributes() : {};
    const next: AttributeType | undefined = Object.hasOwn(inner, toAttribute(segment))
      ? inner[toAttribute(segment)]
      : undefined;
    if (next === undefined) throw unknown();
    path.push(segment);
    type = next;
  }
  if (type.kind !== 'scalar') throw unknown();
  const scalar = type.type;
  return { place: path.join('.'), put: (usage, cell) => put(usage, path, valueOf(cell, scalar)) };
}

/** What is no number or boolean stays text, and is refused as such. */
function valueOf(cell: string, type: ScalarType): unknown {
  if (type === 'boolean' && (cell === 'true' || cell === 'false')) return cell === 'true';
  if (type === 'int' && /^-?\d{1,15}$/.test(cell)) return Number(cell);
  return cell;
}

function put(usage: Json, path: readonly (string | number)[], value: unknown): void {
  let place: Json | unknown[] = usage;
  path.forEach((step, depth) => {
    const at = place as Record<string | number, unknown>;
    if (depth === path.length - 1) at[step] = value;
    else place = (at[step] ??= typeof path[depth + 1] === 'number' ? [] : {}) as Json | unknown[];
  });
}

/** Elements none of whose cells has a value are not there. */
function withoutHoles(usage: Json): Json {
  for (const [name, value] of Object.entries(usage)) {
    if (Array.isArray(value)) usage[name] = value.filter((element) => element !== undefined);
  }
  return usage;
}
