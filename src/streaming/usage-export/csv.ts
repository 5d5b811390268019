import { DomainError, abbreviated } from '../../platform/errors.js';
import { CSV_COLUMNS_MAX } from '../limits.js';

type Json = Readonly<Record<string, unknown>>;
/** The cells of one usage that have a value, by their columns. */
export type Cells = ReadonlyMap<string, string>;

const characteristics = 'usageCharacteristic';

/**
 * The values of a usage by dotted TMF paths, lists with the index of the element. Characteristics have a column of their name for their value, and nothing
 * else of them has one. The address, which an import does not take, is left out.
 */
export function cellsOf({ href, ...usage }: Json): Cells {
  const cells = new Map<string, string>();
  for (const [name, value] of Object.entries(usage)) {
    if (name === characteristics && Array.isArray(value))
      addCharacteristics(cells, String(usage['id']), value as Json[]);
    else addValues(cells, name, value);
  }
  return cells;
}

function addCharacteristics(cells: Map<string, string>, id: string, list: readonly Json[]): void {
  for (const { name, value } of list) {
    const column = `${characteristics}.${String(name)}`;
    if (cells.has(column))
      throw new DomainError(
        'CONFLICT',
        `usage '${id}' has the characteristic '${abbreviated(String(name))}' twice, and CSV one column for it: export application/x-ndjson`,
      );
    cells.set(column, typeof value === 'string' ? value : JSON.stringify(value ?? ''));
  }
}

function addValues(cells: Map<string, string>, path: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) addValues(cells, `${path}.${name}`, inner);
  } else if (value !== undefined && value !== null) cells.set(path, String(value as string | number | boolean));
}

/** Adds the columns of a usage to those of the file. */
export function addColumns(columns: Set<string>, cells: Cells): void {
  for (const column of cells.keys()) columns.add(column);
  if (columns.size > CSV_COLUMNS_MAX)
    throw new DomainError(
      'CONFLICT',
      `the usages need more columns than a CSV file has, filter them or export application/x-ndjson: the limit CSV_COLUMNS_MAX is ${CSV_COLUMNS_MAX}`,
    );
}

/**
 * The cells of a usage in the order of the columns. Text that a spreadsheet would take for a formula is kept as it is: this
 * is data, for programs. Throws CONFLICT for a cell without a column: the usage came to have it while the file was written.
 */
export function recordOf(columns: ReadonlySet<string>, cells: Cells): string[] {
  for (const column of cells.keys()) {
    if (!columns.has(column))
      throw new DomainError(
        'CONFLICT',
        `a usage came to have '${abbreviated(column)}' while the file was written, which has no column for it`,
      );
  }
  return [...columns].map((column) => cells.get(column) ?? '');
}
