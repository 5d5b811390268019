import { LosslessNumber } from 'lossless-json';
import { applyPatch, type Operation } from 'rfc6902';
import { toAttribute, toWire } from '../graphql/naming.js';
import { Decimal } from '../src/platform/decimal.js';
import { DomainError, shown } from '../src/platform/errors.js';
import type { Attributes, AttributeType } from '../src/platform/filter/attribute-type.js';
import { matches } from '../src/platform/filter/evaluate.js';
import { parseJsonPaths } from '../src/platform/filter/json-path.js';
import { parseQuery } from '../src/platform/filter/query-string.js';
import type { Filter } from '../src/platform/filter/tree.js';
import { isObject, type Json } from './body.js';

/** Operations of one JSON Patch. */
const operationsMax = 200;
const pathLengthMax = 1000;

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

const needs: Readonly<Record<PatchOperation['op'], readonly string[]>> = {
  add: ['value'],
  replace: ['value'],
  test: ['value'],
  remove: [],
  move: ['from'],
  copy: ['from'],
};

/** Reads the operations of RFC 6902, refusing what is none. */
export function readOperations(body: unknown): PatchOperation[] {
  if (!Array.isArray(body)) throw new DomainError('INVALID_BODY', 'a JSON Patch is an array of operations');
  if (body.length > operationsMax) throw new DomainError('INVALID_BODY', `a JSON Patch has at most ${operationsMax} operations, not ${body.length}`);
  return body.map((operation: unknown, index) => {
    const problem = problemOf(operation);
    if (problem) throw new DomainError('INVALID_BODY', `operation ${index} ${problem}`, { path: String(index) });
    return { ...(operation as PatchOperation), ...('value' in (operation as object) && { value: plain((operation as PatchOperation).value, index) }) };
  });
}

/** Applying a patch copies its values, which only plain JSON survives: numbers become those of JavaScript, where these are the same. */
function plain(value: unknown, index: number): unknown {
  if (value instanceof LosslessNumber) {
    const number = Number(value.value);
    if (Number.isFinite(number) && new Decimal(value.value).eq(number)) return number;
    throw new DomainError('INVALID_BODY', `operation ${index}: ${shown(value.value)} has more digits than a JSON number keeps exactly`, { path: String(index) });
  }
  if (Array.isArray(value)) return value.map((part) => plain(part, index));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part, index)]));
}

function problemOf(operation: unknown): string | undefined {
  if (!isObject(operation)) return 'is no object';
  const { op, path } = operation;
  if (typeof op !== 'string' || !Object.hasOwn(needs, op)) return `has the unknown op '${String(op)}'`;
  if (typeof path !== 'string' || path.length > pathLengthMax) return `needs a path of at most ${pathLengthMax} characters`;
  for (const name of needs[op as PatchOperation['op']]) {
    if (!(name in operation)) return `(${op}) needs '${name}'`;
  }
  return 'from' in operation && typeof operation['from'] !== 'string' ? `has a 'from' that is no text` : undefined;
}

/**
 * Applies the operations, in order, to a copy of the resource's JSON. Paths may be JSON pointers, or carry a
 * query (TMF630 Part 5) or a JSONPath condition (Part 6) in place of an index; then the operation is done for
 * each element that matches.
 */
export function applyJsonPatch(current: Json, operations: readonly PatchOperation[], attributes: Attributes): Json {
  let document = structuredClone(current);
  operations.forEach((operation, index) => {
    for (const path of pointersOf(operation.path, document, attributes, index)) {
      const holder = { document };
      // Pointers start within the holder, so that even the whole document could be replaced.
      const within = { ...operation, path: `/document${path}`, ...(operation.from === undefined ? {} : { from: `/document${operation.from}` }) };
      const [error] = applyPatch(holder, [within as Operation]);
      if (error) throw conflict(index, operation.op === 'test' ? `'${path}' does not have the expected value` : `there is nothing at '${path}'`);
      document = holder.document;
    }
  });
  if (!isObject(document)) throw new DomainError('INVALID_BODY', 'the patch must leave a JSON object');
  return document;
}

const withJsonPath = /^\$?[./]?([\w@.]+)\[\?\((.+)\)\](?:[./](.+))?$/s;
const withQuery = /^\/([^?]+)\?(.+)$/s;

/** The JSON pointers a path means; elements are removed from the last to the first, so that indexes stay true. */
function pointersOf(path: string, document: Json, attributes: Attributes, index: number): string[] {
  const jsonPath = withJsonPath.exec(path);
  if (jsonPath) {
    const [, list = '', condition = '', rest] = jsonPath;
    const filterOf = (element: Attributes): Filter => parseJsonPaths([`$[?(${condition})]`], element, toAttribute).filter;
    return elementPointers(list.split('.'), rest?.split(/[./]/) ?? [], filterOf, document, attributes, index);
  }
  const query = withQuery.exec(path);
  if (query) {
    const [, pointer = '', condition = ''] = query;
    const segments = pointer.split('/');
    const [list = ''] = segments;
    // The query names attributes from the resource on: orderItem.productOffering.id; below the list they are the element's.
    const relative = condition.split('&').map((term) => term.replace(new RegExp(`^${list}\\.`), '')).join('&');
    const filterOf = (element: Attributes): Filter | undefined => parseQuery(relative, { attributes: element, toAttribute }).filter;
    return elementPointers([list], segments.slice(1), filterOf, document, attributes, index);
  }
  if (path !== '' && !path.startsWith('/')) throw new DomainError('INVALID_BODY', `operation ${index}: '${path}' is no JSON pointer`, { path: String(index) });
  return [path];
}

function elementPointers(
  list: readonly string[],
  rest: readonly string[],
  filterOf: (element: Attributes) => Filter | undefined,
  document: Json,
  attributes: Attributes,
  index: number,
): string[] {
  const { values, element } = listAt(list, document, attributes, index);
  const filter = filterOf(element);
  const pointers = values.flatMap((value, at) => {
    const isMatch = isObject(value) && (filter === undefined || matches(filter, toAttributes(value) as Json, element));
    return isMatch ? [`/${[...list, String(at), ...rest].join('/')}`] : [];
  });
  if (pointers.length === 0) throw conflict(index, `no element of '${list.join('.')}' matches`);
  return pointers.reverse();
}

function listAt(list: readonly string[], document: Json, attributes: Attributes, index: number): { values: unknown[]; element: Attributes } {
  let type: AttributeType | undefined = { kind: 'object', attributes: () => attributes };
  let value: unknown = document;
  for (const wire of list) {
    type = type?.kind === 'object' ? type.attributes()[toAttribute(wire)] : undefined;
    value = isObject(value) ? value[wire] : undefined;
  }
  if (type?.kind !== 'list' || type.element.kind !== 'object') {
    throw new DomainError('INVALID_BODY', `operation ${index}: '${list.join('.')}' is no list of objects`, { path: String(index) });
  }
  return { values: Array.isArray(value) ? value : [], element: type.element.attributes() };
}

/** The same JSON under GraphQL names, as filters want it. */
function toAttributes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toAttributes);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([wire, inner]) => [toWire(toAttribute(wire)) === wire ? toAttribute(wire) : wire, toAttributes(inner)]),
  );
}

function conflict(index: number, problem: string): DomainError {
  return new DomainError('CONFLICT', `operation ${index}: ${problem}`, { path: String(index) });
}
