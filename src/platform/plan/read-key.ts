import { createHash } from 'node:crypto';
import { DomainError } from '../errors.js';
import { textOf, type PageRequest } from './page-request.js';
import type { Plan } from './plan.js';
import type { Read } from './reads.js';
import { scopeText } from './statement.js';

/** A text that is the same for those reads only that show the same at one moment, but for ids; `request`: of the page at the root. */
export function keyOf({ plan, style, scope, requests }: Read, request?: PageRequest): string {
  let key = `${formOf(plan)} ${style} ${scopeText(scope)}`;
  // Where a request was refused, the answer has a mark in its place, whatever the reason.
  for (const one of requests) key += one instanceof DomainError ? '\n' : `\n${textOf(one)}`;
  return request === undefined || request === requests[0] ? key : `${key}\n${textOf(request)}`;
}

const forms = new WeakMap<Plan, string>();
const numbers = new WeakMap<object, number>();
let numbered = 0;

/** The same for plans that show the same, under whatever names they are asked for. */
function formOf(plan: Plan): string {
  let form = forms.get(plan);
  if (form === undefined) {
    const text = JSON.stringify(plan, (name, value: unknown) => {
      if (value instanceof Set) return [...(value as Set<unknown>)];
      return name === 'mapping' ? numberOf(value as object) : value;
    });
    form = createHash('sha256').update(text).digest('base64url');
    forms.set(plan, form);
  }
  return form;
}

/** Mappings are told apart by what they are, whatever their names. */
function numberOf(mapping: object): number {
  let number = numbers.get(mapping);
  if (number === undefined) numbers.set(mapping, (number = ++numbered));
  return number;
}

/**
 * A statement can be prepared and its plan reused for reads by id and for first pages, because the plan does not depend on
 * the values. With a filter, a cursor or rows that are not seen the best plan depends on how many rows match, so each
 * statement is planned anew.
 */
export function isPlanKept({ plan, requests, scope }: Read): boolean {
  return (
    (plan.kind === 'row' || !scope.visibility) &&
    requests.every((one) => !(one instanceof DomainError) && one.filter === undefined && one.cursor === undefined)
  );
}
