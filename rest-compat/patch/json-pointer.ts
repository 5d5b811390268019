import { ownProperty } from '../../src/platform/json.js';
import { isObject, type Json } from '../body/input.js';

/** What a JSON pointer (RFC 6901) names, token by token. */
export type Pointer = readonly string[];

/** Behind the last element of a list. */
export const listEnd = '-';
const indexPattern = /^(?:0|[1-9]\d{0,14})$/;

/** Undefined when the text is no pointer: it neither is empty nor begins with a slash, or a `~` in it escapes nothing. */
export function readPointer(text: string): Pointer | undefined {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
  return text.slice(1).split('/').map(unescaped);
}

export function unescaped(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

export function showPointer(pointer: Pointer): string {
  return pointer.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The value at the pointer; undefined when there is none, which no JSON value is. */
export function valueAt(document: unknown, pointer: Pointer): unknown {
  let reached = document;
  for (const token of pointer) {
    reached = childOf(reached, token);
    if (reached === undefined) return undefined;
  }
  return reached;
}

/** A token leads to what an object has itself, or to an element of a list: never to what JavaScript gives them. */
function childOf(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return indexPattern.test(token) ? (value[Number(token)] as unknown) : undefined;
  return isObject(value) ? ownProperty(value, token) : undefined;
}

/** What becomes of the object or list that holds what the last token names; undefined when there is no such place. */
type Edit = (holder: Json | unknown[], token: string) => Json | unknown[] | undefined;

/**
 * These answer a new document and leave the old one as it was; what they do not change is shared by both. Undefined
 * when there is nothing at the pointer, or no place for the value.
 */
export function added(document: unknown, pointer: Pointer, value: unknown): unknown {
  return edited(
    document,
    pointer,
    () => value,
    (holder, token) => {
      if (!Array.isArray(holder)) return withMember(holder, token, value);
      const index = token === listEnd ? holder.length : indexPattern.test(token) ? Number(token) : Infinity;
      return index <= holder.length ? holder.toSpliced(index, 0, value) : undefined;
    },
  );
}

export function replaced(document: unknown, pointer: Pointer, value: unknown): unknown {
  return edited(
    document,
    pointer,
    () => value,
    (holder, token) => {
      if (childOf(holder, token) === undefined) return undefined;
      return Array.isArray(holder) ? holder.with(Number(token), value) : withMember(holder, token, value);
    },
  );
}

/** Without the whole document nothing is left: null. */
export function removed(document: unknown, pointer: Pointer): unknown {
  return edited(
    document,
    pointer,
    () => null,
    (holder, token) => {
      if (childOf(holder, token) === undefined) return undefined;
      if (Array.isArray(holder)) return holder.toSpliced(Number(token), 1);
      return Object.fromEntries(Object.entries(holder).filter(([name]) => name !== token));
    },
  );
}

function edited(document: unknown, [token, ...rest]: Pointer, whole: () => unknown, edit: Edit): unknown {
  if (token === undefined) return whole();
  if (!Array.isArray(document) && !isObject(document)) return undefined;
  if (rest.length === 0) return edit(document, token);
  const child = childOf(document, token);
  if (child === undefined) return undefined;
  const changed = edited(child, rest, whole, edit);
  if (changed === undefined) return undefined;
  return Array.isArray(document) ? document.with(Number(token), changed) : withMember(document, token, changed);
}

/** A computed name always makes a member of its own, `__proto__` included. */
function withMember(object: Json, name: string, value: unknown): Json {
  return { ...object, [name]: value };
}
