import { isPoolTimeout, isStatementTimeout } from '../database/failures.js';
import { DomainError } from '../errors.js';
import { pathsOf } from '../filter/tree/filter.js';
import type { ResourceMapping } from '../read/resource-mapping.js';
import type { PageRequest } from './page-request.js';

/** Paths of a filter that one message names. */
const namedMax = 10;

/** For a timeout of a read UNAVAILABLE, whose message says what the client can change; every other error as it is. */
export function refusalOfTimeout(
  mapping: ResourceMapping,
  { filter, order }: Pick<PageRequest, 'filter' | 'order'>,
  error: unknown,
): unknown {
  const isLate = isStatementTimeout(error);
  if (!isLate && !isPoolTimeout(error)) return error;
  const filtered = filter === undefined ? 'no filter' : `a filter by ${pathsOf(filter).slice(0, namedMax).join(', ')}`;
  const ordered = order.length === 0 ? '' : ` and the order by ${order.map(({ path }) => path.join('.')).join(', ')}`;
  return new DomainError(
    'UNAVAILABLE',
    `${mapping.name} with ${filtered}${ordered} ${isLate ? 'takes too long to read' : 'waited too long for its turn behind others that read much'}: filter by something that leaves less, such as an id, or leave the order out`,
    { path: 'filter' },
  );
}
