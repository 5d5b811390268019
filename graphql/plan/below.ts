import type { Shape, Value } from '../../src/platform/plan/plan.js';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';
import type { Rights } from '../../src/platform/rights/rights.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import type { TypeClass } from '../attribute.js';
import type { FirstRead, SumsRead } from './field-read.js';

/** What is told of rows that hang on an object and are no list: the first of them, or sums. `reading`: notes that a resource is read. */
export function valueBelow(
  read: FirstRead | SumsRead,
  shape: Shape,
  reading: (target: TypeClass) => ResourceMapping,
): Value {
  if (read.kind === 'first') {
    const { target, edge, order } = read;
    return { kind: 'first', rows: { mapping: reading(target), edge, order }, shape };
  }
  const { by, added, mapping } = read;
  const of = read.of.map(({ target, edge, parts }) => ({ mapping: reading(target), edge, parts }));
  return { kind: 'sums', sums: { of, by, added, mapping: mapping() }, shape };
}

/** Whether sums, or which row is the first, would tell what is hidden. */
export function belowHidden(read: FirstRead | SumsRead, rights: Rights): boolean {
  const made =
    read.kind === 'first' ? [{ ...read, attributes: read.order.map(({ path: [name = ''] }) => name) }] : read.of;
  return made.some(({ target, edge, attributes }) => {
    const hidden = rights.hidden(lowerFirst(target.name));
    const found = 'named' in edge ? edge.named.map(({ column }) => column) : [];
    return [...attributes, ...found].some((name) => hidden.has(name));
  });
}
