import type { GraphQLSchema } from 'graphql';
import { DomainError } from '../../src/platform/errors.js';
import { ELEMENTS_MAX, limitExceeded } from '../../src/platform/limits.js';
import { resourceKeys } from '../node/nodes.js';
import type { Named } from '../node/node-id.js';

const keys = new WeakMap<GraphQLSchema, ReadonlyMap<string, string>>();

/** Which resources are meant. Throws INVALID_QUERY, naming what none can be meant by. */
export function namedBy(representations: readonly unknown[], schema: GraphQLSchema): Named[] {
  if (representations.length > ELEMENTS_MAX)
    throw limitExceeded(
      'ELEMENTS_MAX',
      ELEMENTS_MAX,
      `representations has ${representations.length} elements`,
      'representations',
    );
  const known = keys.get(schema) ?? resourceKeys(schema);
  keys.set(schema, known);
  return representations.map((one, index) => {
    const values = (typeof one === 'object' && one !== null ? one : {}) as Readonly<Record<string, unknown>>;
    const { __typename: typeName } = values;
    const key = typeof typeName === 'string' ? known.get(typeName) : undefined;
    if (typeof typeName !== 'string' || key === undefined) {
      const shown = typeof typeName === 'string' ? `'${typeName.slice(0, 100)}' is` : 'it names';
      throw refused(`${shown} no resource of this server`, `representations.${index}.__typename`);
    }
    const id = Object.hasOwn(values, key) ? values[key] : undefined;
    if (typeof id === 'string' || Number.isSafeInteger(id)) return { typeName, id: String(id) };
    throw refused(`a ${typeName} is known by its '${key}'`, `representations.${index}.${key}`);
  });
}

function refused(why: string, path: string): DomainError {
  return new DomainError('INVALID_QUERY', `${path}: ${why}`, { path });
}
