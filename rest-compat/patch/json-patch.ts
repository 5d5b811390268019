import { LosslessNumber } from 'lossless-json';
import { Decimal } from '../../src/platform/decimal.js';
import { DomainError, abbreviated } from '../../src/platform/errors.js';
import type { Attributes } from '../../src/platform/filter/tree/attribute-type.js';
import { limitExceeded } from '../../src/platform/limits.js';
import { PATCH_CHANGES_MAX, PATCH_OPERATIONS_MAX, PATCH_PATH_LENGTH_MAX } from '../limits.js';
import { isObject, type Json } from '../body/input.js';
import { DocumentBounds } from './document-size.js';
import { PathFinder, type PathRules } from './json-patch-path.js';
import { added, readPointer, removed, replaced, showPointer, valueAt, type Pointer } from './json-pointer.js';
import { isSameJson } from './same-json.js';

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
  if (body.length > PATCH_OPERATIONS_MAX)
    throw limitExceeded(
      'PATCH_OPERATIONS_MAX',
      PATCH_OPERATIONS_MAX,
      `the JSON Patch has ${body.length} operations`,
      undefined,
      'INVALID_BODY',
    );
  return body.map((operation: unknown, index) => {
    const problem = problemOf(operation);
    if (problem) throw new DomainError('INVALID_BODY', `operation ${index} ${problem}`, { path: String(index) });
    const read = operation as PatchOperation;
    // What is only compared may be a number that none of ours is.
    if (read.op === 'test' || !Object.hasOwn(read, 'value')) return { ...read };
    return { ...read, value: plain(read.value, index) };
  });
}

/** Numbers become those of JavaScript, where these are the same. */
function plain(value: unknown, index: number): unknown {
  if (value instanceof LosslessNumber) {
    const number = Number(value.value);
    if (Number.isFinite(number) && new Decimal(value.value).eq(number)) return number;
    throw new DomainError(
      'INVALID_BODY',
      `operation ${index}: ${abbreviated(value.value)} has more digits than a JSON number keeps exactly`,
      { path: String(index) },
    );
  }
  if (Array.isArray(value)) return value.map((part) => plain(part, index));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part, index)]));
}

function problemOf(operation: unknown): string | undefined {
  if (!isObject(operation)) return 'is no object';
  const { op, path } = operation;
  if (typeof op !== 'string') return `has an op that is no text`;
  if (!Object.hasOwn(needs, op)) return `has the unknown op '${abbreviated(op)}'`;
  if (!isPath(path)) return `needs a path of at most ${PATCH_PATH_LENGTH_MAX} characters`;
  for (const name of needs[op as PatchOperation['op']]) {
    if (!Object.hasOwn(operation, name)) return `(${op}) needs '${name}'`;
  }
  if (Object.hasOwn(operation, 'from') && !isPath(operation['from']))
    return `needs a 'from' of at most ${PATCH_PATH_LENGTH_MAX} characters`;
  return undefined;
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.length <= PATCH_PATH_LENGTH_MAX;
}

export interface PatchRules extends PathRules {
  /** Bytes of JSON that a resource may be made of by a patch. */
  readonly bytesMax: number;
}

/**
 * What the operations, in order, make of the resource's JSON, which stays as it was. Each place on a path is what an
 * object has itself or an element of a list; where there is none, the patch is refused (409).
 */
export function applyJsonPatch(
  current: Json,
  operations: readonly PatchOperation[],
  attributes: Attributes,
  rules: PatchRules,
): Json {
  const finder = new PathFinder(attributes, rules);
  const bounds = new DocumentBounds(current, rules.bytesMax);
  let document: unknown = current;
  let changes = 0;
  operations.forEach((operation, index) => {
    const pointers = within(index, () => finder.find(operation.path, document));
    changes += pointers.length;
    if (changes > PATCH_CHANGES_MAX)
      throw limitExceeded(
        'PATCH_CHANGES_MAX',
        PATCH_CHANGES_MAX,
        `operation ${index}: the patch changes too many places`,
        String(index),
        'INVALID_BODY',
      );
    for (const pointer of pointers) document = within(index, () => changed(document, operation, pointer));
    within(index, () => bounds.check(document));
  });
  if (!isObject(document)) throw new DomainError('INVALID_BODY', 'the patch must leave a JSON object');
  return document;
}

function changed(document: unknown, { op, from, value }: PatchOperation, pointer: Pointer): unknown {
  switch (op) {
    case 'add':
      return there(added(document, pointer, value), pointer);
    case 'replace':
      return there(replaced(document, pointer, value), pointer);
    case 'remove':
      return there(removed(document, pointer), pointer);
    case 'test':
      if (!isSameJson(value, there(valueAt(document, pointer), pointer))) {
        throw new DomainError('CONFLICT', `'${abbreviated(showPointer(pointer))}' does not have the expected value`);
      }
      return document;
    case 'copy':
      return there(added(document, pointer, source(document, from).value), pointer);
    case 'move':
      return moved(document, source(document, from), pointer);
  }
}

interface Source {
  pointer: Pointer;
  value: unknown;
}

function source(document: unknown, from = ''): Source {
  const pointer = readPointer(from);
  if (pointer === undefined) throw new DomainError('INVALID_BODY', `'${abbreviated(from)}' is no JSON pointer`);
  return { pointer, value: there(valueAt(document, pointer), pointer) };
}

function moved(document: unknown, { pointer: from, value }: Source, to: Pointer): unknown {
  const isBelow = from.every((token, at) => token === to[at]);
  if (isBelow && from.length === to.length) return document;
  if (isBelow) throw new DomainError('CONFLICT', `'${abbreviated(showPointer(from))}' cannot be moved into itself`);
  return there(added(removed(document, from), to, value), to);
}

function there(found: unknown, pointer: Pointer): unknown {
  if (found !== undefined) return found;
  throw new DomainError('CONFLICT', `there is nothing at '${abbreviated(showPointer(pointer))}'`);
}

/** Refusals name the operation. */
function within<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DomainError)
      throw new DomainError(error.code, `operation ${index}: ${error.message}`, {
        ...error.details,
        path: String(index),
      });
    throw error;
  }
}
