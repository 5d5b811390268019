import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';
import { limitExceeded, REGEX_STATEMENT_WORK_MAX } from '../limits.js';
import { countRegexStates } from '../filter/regex/regex.js';
import type { Filter } from '../filter/tree/filter.js';
import { identifier } from './columns.js';
import type { ResourceMapping } from './resource-mapping.js';
import { sourceOf, type Scope } from './source.js';

/** A regular expression of a filter, and the attribute that it is matched against. */
interface Search {
  readonly attribute: string;
  readonly states: number;
}

/**
 * Refuses a filter whose regular expressions would take too long on the stored texts. Only on the embedded database,
 * which cannot be interrupted and blocks the whole process while it matches; on PostgreSQL the statement timeout ends it.
 * @throws DomainError INVALID_QUERY
 */
export async function boundRegexWork(
  database: Pick<Database, 'read' | 'kind'>,
  mapping: ResourceMapping,
  scope: Scope,
  filter: Filter | undefined,
): Promise<void> {
  if (database.kind !== 'pglite' || filter === undefined) return;
  const searches = searchesOf(filter, undefined).filter(({ attribute }) =>
    Object.hasOwn(mapping.attributes, attribute),
  );
  if (searches.length === 0) return;
  const { from } = sourceOf(mapping, scope, filter);
  const { where } = sourceOf(mapping, scope, undefined);
  // An upper bound, whatever order conditions are evaluated in: each expression is matched against every row.
  const work = Prisma.join(
    searches.map(
      ({ attribute, states }) => Prisma.sql`${states}::float8 * COALESCE(sum(${charactersOf(mapping, attribute)}), 0)`,
    ),
    ' + ',
  );
  const [row] = await database.read<{ work: number }>(
    Prisma.sql`SELECT ${work} AS "work" FROM ${from} WHERE ${where}`,
    { isPlanKept: false, signal: scope.signal },
  );
  if ((row?.work ?? 0) <= REGEX_STATEMENT_WORK_MAX) return;
  const names = [...new Set(searches.map(({ attribute }) => attribute))].join(', ');
  throw limitExceeded(
    'REGEX_STATEMENT_WORK_MAX',
    REGEX_STATEMENT_WORK_MAX,
    `the states of the regular expressions for ${names} times the characters of all ${mapping.name}s there are too many`,
    'filter',
  );
}

function searchesOf(filter: Filter, attribute: string | undefined): Search[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.flatMap((part) => searchesOf(part, attribute));
    case 'not':
      return searchesOf(filter.filter, attribute);
    case 'some':
    case 'none':
      return searchesOf(filter.filter, attribute ?? filter.path[0]);
    case 'compare': {
      const name = attribute ?? filter.path[0];
      return filter.operator === 'regex' && name !== undefined
        ? [{ attribute: name, states: countRegexStates(String(filter.value)) }]
        : [];
    }
    default:
      return [];
  }
}

/** SQL of an upper bound of the characters of the attribute in one row: a text within JSON is no longer than the JSON. */
function charactersOf(mapping: ResourceMapping, attribute: string): Prisma.Sql {
  const storage = mapping.attributes[attribute]?.storage;
  const columns = storage?.kind === 'parts' ? Object.values(storage.columns) : storage ? [storage.column] : [];
  return Prisma.raw(columns.map((column) => `COALESCE(octet_length(b.${identifier(column)}::text), 0)`).join(' + '));
}
