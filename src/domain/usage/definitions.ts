import { LRUCache } from 'lru-cache';
import type { Decimal } from '../../platform/decimal.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { REGEX_WORK_MAX } from '../../platform/limits.js';
import { parseRegex, type SafeRegex } from '../../platform/filter/regex/regex.js';
import type { JsonValue } from '../../platform/json-object.js';
import { invalid, missing, requireName, requireValidity } from '../input.js';
import type { TimePeriod } from '../row.js';
import { isAbsent, isValueType, numberOf, readAs, textOf, valueTypes, type ValueType } from './values.js';

// The definition of one characteristic in a specification, as it is stored, and whether it makes sense.

/** An entry of characteristicValueSpecification: a value, a range or a regular expression. */
export type Choice = {
  value?: JsonValue;
  valueType?: ValueType | null;
  valueFrom?: number | null;
  valueTo?: number | null;
  rangeInterval?: Interval | null;
  regex?: string | null;
  validFor?: TimePeriod | null;
};

/** The definition of a characteristic; absent limits do not restrict. */
export type Definition = {
  name: string;
  valueType?: ValueType | null;
  minCardinality?: number | null;
  maxCardinality?: number | null;
  regex?: string | null;
  extensible?: boolean | null;
  characteristicValueSpecification?: Choice[] | null;
  validFor?: TimePeriod | null;
};

/** Which ends belong to a range, as the swagger words it. */
const intervals = {
  closed: [true, true],
  open: [false, false],
  closedBottom: [true, false],
  closedTop: [false, true],
} as const;
export type Interval = keyof typeof intervals;

/** The definitions of the characteristics that a specification knows. */
export function definitionsOf({ specCharacteristic }: { specCharacteristic?: Definition[] | null }): Definition[] {
  return specCharacteristic ?? [];
}

/** Whether the ends of a range belong to it: [bottom, top]. */
export function endsOf({ rangeInterval }: Choice): readonly [bottom: boolean, top: boolean] {
  return intervals[rangeInterval ?? 'closed'];
}

/** Whether an entry allows a range of numbers. */
export function hasRange({ valueFrom, valueTo }: Choice): boolean {
  return (valueFrom ?? valueTo ?? null) !== null;
}

/** Numbers are compared with the ends of a range. */
export function isInRange(choice: Choice, number: Decimal): boolean {
  const [withBottom, withTop] = endsOf(choice);
  const { valueFrom, valueTo } = choice;
  const isAbove =
    (valueFrom ?? null) === null || number.gt(valueFrom as number) || (withBottom && number.eq(valueFrom as number));
  const isBelow =
    (valueTo ?? null) === null || number.lt(valueTo as number) || (withTop && number.eq(valueTo as number));
  return isAbove && isBelow;
}

/** Refuses definitions that no value could be checked by, naming which and where. */
export function requireDefinitions(definitions: readonly Definition[] | null | undefined): void {
  const names = new Set<string>();
  for (const [index, definition] of (definitions ?? []).entries()) {
    const path = `specCharacteristic.${index}`;
    requireName(`${path}.name`, definition.name);
    if (names.has(definition.name)) throw invalid(`${path}.name`, `is there twice: '${definition.name}'`);
    names.add(definition.name);
    requireCardinality(path, definition);
    requireType(`${path}.valueType`, definition.valueType);
    requireRegex(`${path}.regex`, definition.regex, definition.valueType);
    requirePeriod(`${path}.validFor`, definition.validFor);
    for (const [at, choice] of (definition.characteristicValueSpecification ?? []).entries()) {
      requireChoice(`${path}.characteristicValueSpecification.${at}`, choice, definition);
    }
  }
}

function requireCardinality(path: string, { minCardinality, maxCardinality }: Definition): void {
  for (const [name, value] of Object.entries({ minCardinality, maxCardinality })) {
    if ((value ?? 0) < 0) throw invalid(`${path}.${name}`, `must not be negative: ${value}`);
  }
  if ((minCardinality ?? 0) > (maxCardinality ?? Infinity)) {
    throw invalid(`${path}.minCardinality`, `must not exceed maxCardinality: ${minCardinality} > ${maxCardinality}`);
  }
}

function requireType(path: string, valueType: string | null | undefined): void {
  if ((valueType ?? null) === null || isValueType(valueType as string)) return;
  throw invalid(path, `must be one of ${valueTypes.join(', ')}: '${abbreviated(valueType as string)}'`);
}

function requireRegex(path: string, regex: string | null | undefined, valueType: ValueType | null | undefined): void {
  if ((regex ?? null) === null) return;
  if (valueType === 'object' || valueType === 'array')
    throw invalid(path, `goes with single values, not with valueType ${valueType}`);
  regexOf(regex as string, path);
}

/** Expressions that are kept ready: a file of usages asks for the same few again and again. */
const regexesMax = 500;
const regexes = new LRUCache<string, SafeRegex>({ max: regexesMax });

/** Throws INVALID_ATTRIBUTE for the attribute it stands in, where the filter language would refuse a query. */
function regexOf(text: string, path: string): SafeRegex {
  const known = regexes.get(text);
  if (known) return known;
  try {
    const regex = parseRegex(text, path);
    regexes.set(text, regex);
    return regex;
  } catch (error) {
    if (error instanceof DomainError) throw new DomainError('INVALID_ATTRIBUTE', `${path}: ${error.message}`, { path });
    throw error;
  }
}

/**
 * Whether the expression is found in the value; without one every value has it. A text that would take too long is in
 * none: its length times the states of the expression is bounded.
 */
export function matches(regex: string | null | undefined, value: JsonValue): boolean {
  if (!regex) return true;
  const { test, states } = regexOf(regex, 'regex');
  const text = textOf(value);
  return text.length * states <= REGEX_WORK_MAX && test(text);
}

/** Whether a value is too long for the expression; then it is refused, whatever it says. */
export function isTooLong(regex: string | null | undefined, value: JsonValue): boolean {
  return Boolean(regex) && textOf(value).length * regexOf(regex as string, 'regex').states > REGEX_WORK_MAX;
}

function requirePeriod(path: string, period: TimePeriod | null | undefined): void {
  const dateOf = (text: string | null | undefined): Date | null => (text ? new Date(text) : null);
  requireValidity(
    period && { startDateTime: dateOf(period.startDateTime), endDateTime: dateOf(period.endDateTime) },
    path,
  );
}

function requireChoice(path: string, choice: Choice, { valueType, regex }: Definition): void {
  requireType(`${path}.valueType`, choice.valueType);
  const type = choice.valueType ?? valueType ?? undefined;
  requireRegex(`${path}.regex`, choice.regex, type);
  requirePeriod(`${path}.validFor`, choice.validFor);
  if (!isAbsent(choice.value))
    requireOwnValue(`${path}.value`, choice.value as JsonValue, [choice.valueType, valueType], [choice.regex, regex]);
  const { rangeInterval, valueFrom, valueTo } = choice;
  if ((rangeInterval ?? null) !== null && !Object.hasOwn(intervals, rangeInterval as string)) {
    throw invalid(
      `${path}.rangeInterval`,
      `must be one of ${Object.keys(intervals).join(', ')}: '${abbreviated(rangeInterval as string)}'`,
    );
  }
  if (!hasRange(choice)) {
    if ((rangeInterval ?? null) !== null)
      throw missing(`${path}.valueFrom`, 'a rangeInterval says which ends of a range belong to it');
    return;
  }
  if (type !== undefined && type !== 'integer' && type !== 'number') {
    throw invalid(
      `${path}.${(valueFrom ?? null) === null ? 'valueTo' : 'valueFrom'}`,
      `is the end of a range of numbers: valueType must be integer or number, not ${type}`,
    );
  }
  const [from, to] = [valueFrom ?? -Infinity, valueTo ?? Infinity];
  if (isEmpty(choice, type)) {
    throw invalid(`${path}.valueTo`, `leaves nothing in the range from ${from} to ${to}`);
  }
  const number = isAbsent(choice.value) ? undefined : numberOf(choice.value as JsonValue);
  if (!isAbsent(choice.value) && !(number && isInRange(choice, number)))
    throw invalid(`${path}.value`, 'lies outside its own range');
}

/** A value that is allowed must itself have the type, and match the expression, of its entry and of its characteristic. */
function requireOwnValue(
  path: string,
  value: JsonValue,
  types: readonly Choice['valueType'][],
  regexes: readonly Choice['regex'][],
): void {
  const otherType = types.find((type) => readAs(type ?? undefined, value) === undefined);
  if (otherType) throw invalid(path, `must be of the type ${otherType}: ${abbreviated(JSON.stringify(value))}`);
  const unmatched = regexes.find((regex) => !matches(regex, value));
  if (unmatched) throw invalid(path, `must match ${abbreviated(unmatched)}: ${abbreviated(JSON.stringify(value))}`);
}

/** Whether no number of the type lies in the range. */
function isEmpty(choice: Choice, type: ValueType | undefined): boolean {
  const [withBottom, withTop] = endsOf(choice);
  const [from, to] = [choice.valueFrom ?? -Infinity, choice.valueTo ?? Infinity];
  if (type !== 'integer') return from > to || (from === to && !(withBottom && withTop));
  const least = withBottom ? Math.ceil(from) : Math.floor(from) + 1;
  const greatest = withTop ? Math.floor(to) : Math.ceil(to) - 1;
  return least > greatest;
}
