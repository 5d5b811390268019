import { abbreviated } from '../../platform/errors.js';
import { REGEX_WORK_MAX } from '../../platform/limits.js';
import type { JsonValue } from '../../platform/json-object.js';
import { invalid, missing } from '../input.js';
import type { TimePeriod } from '../row.js';
import {
  definitionsOf,
  endsOf,
  hasRange,
  isInRange,
  isTooLong,
  matches,
  type Choice,
  type Definition,
} from './definitions.js';
import type { SpecificationRow, UsageCharacteristic, UsageRow } from './model.js';
import { isAbsent, numberOf, readAs, type ValueType } from './values.js';

/** Choices that a refusal lists. */
const choicesShownMax = 5;

interface Given {
  value: JsonValue;
  path: string;
}

/**
 * Refuses a usage that its specification does not allow, naming the characteristic. Characteristics that the
 * specification does not know are welcome; definitions count while they are valid at the date of the usage.
 */
export function requireFit(usage: UsageRow, specification: SpecificationRow): void {
  const at = new Date(usage.usageDate);
  const given = givenValues(usage.usageCharacteristic ?? []);
  for (const definition of definitionsOf(specification)) {
    if (!isValidAt(definition.validFor, at)) continue;
    const values = given.get(definition.name) ?? [];
    requireCardinality(definition, values.length);
    for (const { value, path } of values) {
      const problem = problemOf(value, definition, at);
      if (problem)
        throw invalid(
          path,
          `(characteristic '${abbreviated(definition.name)}') ${problem}: ${abbreviated(JSON.stringify(value))}`,
        );
    }
  }
}

/** The values under each name; an empty text is none. */
function givenValues(characteristics: readonly UsageCharacteristic[]): Map<string, Given[]> {
  const values = new Map<string, Given[]>();
  for (const [index, { name, value }] of characteristics.entries()) {
    if (value === undefined || isAbsent(value)) continue;
    const known = values.get(name) ?? [];
    known.push({ value, path: `usageCharacteristic.${index}.value` });
    values.set(name, known);
  }
  return values;
}

function requireCardinality({ name, minCardinality, maxCardinality }: Definition, count: number): void {
  const what = `characteristic '${abbreviated(name)}'`;
  if (count < (minCardinality ?? 0)) {
    throw missing('usageCharacteristic', `${what} must be there at least ${minCardinality} time(s), not ${count}`);
  }
  if (count > (maxCardinality ?? Infinity)) {
    throw invalid('usageCharacteristic', `has ${what} ${count} time(s), at most ${maxCardinality} are allowed`);
  }
}

function problemOf(value: JsonValue, definition: Definition, at: Date): string | undefined {
  const type = definition.valueType ?? undefined;
  if (readAs(type, value) === undefined) return `must be of the type ${type}`;
  if (isTooLong(definition.regex, value))
    return `is too long for the regular expression ${abbreviated(String(definition.regex))}: the limit of its states times the length, REGEX_WORK_MAX, is ${REGEX_WORK_MAX}`;
  if (!matches(definition.regex, value)) return `must match ${abbreviated(String(definition.regex))}`;
  if (definition.extensible) return undefined;
  const choices = (definition.characteristicValueSpecification ?? []).filter(isRestricting);
  if (choices.length === 0 || choices.some((choice) => isValidAt(choice.validFor, at) && fits(value, choice, type)))
    return undefined;
  const words = choices.slice(0, choicesShownMax).map((choice) => abbreviated(wordsOf(choice)));
  return `must be ${words.join(' or ')}${choices.length > choicesShownMax ? ' or ...' : ''}`;
}

/** An entry that has only a unit, or is only marked as the default, restricts nothing. */
function isRestricting(choice: Choice): boolean {
  return !isAbsent(choice.value) || hasRange(choice) || Boolean(choice.regex) || Boolean(choice.valueType);
}

function fits(value: JsonValue, choice: Choice, outer: ValueType | undefined): boolean {
  const type = choice.valueType ?? outer;
  const read = readAs(type, value);
  if (read === undefined) return false;
  if (!isAbsent(choice.value) && read !== readAs(type, choice.value as JsonValue)) return false;
  const number = hasRange(choice) ? numberOf(value) : undefined;
  if (hasRange(choice) && !(number && isInRange(choice, number))) return false;
  return matches(choice.regex, value);
}

function wordsOf(choice: Choice): string {
  if (!isAbsent(choice.value)) return JSON.stringify(choice.value);
  if (hasRange(choice)) {
    const [withBottom, withTop] = endsOf(choice);
    const from = (choice.valueFrom ?? null) === null ? '' : `${withBottom ? 'from' : 'above'} ${choice.valueFrom}`;
    const to = (choice.valueTo ?? null) === null ? '' : `${withTop ? 'to' : 'below'} ${choice.valueTo}`;
    return [from, to].filter(Boolean).join(' ');
  }
  return choice.regex ? `something that matches ${choice.regex}` : `of the type ${choice.valueType}`;
}

function isValidAt(period: TimePeriod | null | undefined, at: Date): boolean {
  const { startDateTime, endDateTime } = period ?? {};
  return (!startDateTime || at >= new Date(startDateTime)) && (!endDateTime || at < new Date(endDateTime));
}
