import type { JsonObject, JsonValue } from '../../platform/json-object.js';
import { cellText } from '../csv/cell-text.js';
import { csvText } from '../csv/csv-text.js';

/** A column: where its value lies in an item. */
export interface ListColumn {
  readonly path: readonly string[];
  /** It has all members of the object there that these do not name. */
  readonly besides?: ReadonlySet<string>;
}

/** The name of a column of what an object has besides its attributes. */
const others = 'extension';

/** The record of the column names: dotted paths. */
export function csvHead(columns: readonly ListColumn[]): string {
  return csvText([columns.map(({ path, besides }) => (besides ? [...path, others] : path).join('.'))]);
}

/** One record for each item, which is a JSON text. Lists are JSON in their cell. */
export function csvRows(columns: readonly ListColumn[], items: readonly string[]): string {
  return csvText(
    items.map((item) => {
      const row = JSON.parse(item) as JsonObject;
      return columns.map((column) => cellText(valueOf(row, column)));
    }),
  );
}

function valueOf(row: JsonObject, { path, besides }: ListColumn): JsonValue {
  const value = path.reduce<JsonValue>((outer, name) => (isObject(outer) ? (outer[name] ?? null) : null), row);
  if (besides === undefined) return value;
  const rest = Object.entries(isObject(value) ? value : {}).filter(([name]) => !besides.has(name));
  return rest.length === 0 ? null : Object.fromEntries(rest);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
