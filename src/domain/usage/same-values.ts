import type { Transaction } from '../../platform/database/database.js';
import { canonicalJson, type JsonValue } from '../../platform/json-object.js';
import { readRows } from '../../platform/write/rows.js';
import { definitionsOf } from './definitions.js';
import { differentIn } from './deduplication.js';
import { findEarlier } from './deduplication.store.js';
import type { ExternalKey, SpecificationRow, UsageCharacteristic, UsageDependencies, UsageRow } from './model.js';
import { isAbsent, readAs, type ValueType } from './values.js';

// The same usage may come by JSON and by CSV, where a number is text: such usages are the same by the values that they have.

type Queries = Pick<Transaction, 'query'>;

/**
 * The keys, where those of usages that equal one that is there, value by value, carry the digests of that one: the two are
 * then found to be the same. `rows` are the new usages by their ids. Of a file, which may be an export, what has become
 * of the usage since counts too, and a value without a type is its text.
 */
export async function withEarlierDigests<Key extends ExternalKey>(
  queries: Queries,
  mappings: UsageDependencies['mappings'],
  tenantId: string,
  keys: readonly Key[],
  rows: ReadonlyMap<string, UsageRow>,
  { isFile }: { isFile: boolean },
): Promise<Key[]> {
  const earlier = await findEarlier(queries, tenantId, keys);
  const other = keys.flatMap((key) => {
    const known = earlier.get(key.usageId);
    return known && differentIn(known.digests, key.digests).length > 0 ? [known.earlierId] : [];
  });
  if (other.length === 0) return [...keys];
  const usages = await readRows(queries, mappings.usage, tenantId, [...new Set(other)]);
  const specificationIds = [...usages.values()].map(({ usageSpecification: { id } }) => id);
  const specifications = await readRows(queries, mappings.usageSpecification, tenantId, [...new Set(specificationIds)]);
  return keys.map((key) => {
    const known = earlier.get(key.usageId);
    const usage = known && usages.get(known.earlierId);
    const row = rows.get(key.usageId);
    if (usage === undefined || row === undefined || known === undefined) return key;
    const types = typesOf(specifications.get(usage.usageSpecification.id));
    const isSame = differentIn(key.digests, known.digests).every(
      (name) =>
        (isFile || name === 'usageCharacteristic') &&
        comparable(name, row, types, isFile) === comparable(name, usage, types, isFile),
    );
    return isSame ? { ...key, digests: known.digests } : key;
  });
}

function typesOf(specification: SpecificationRow | undefined): ReadonlyMap<string, ValueType | undefined> {
  return new Map(
    specification ? definitionsOf(specification).map(({ name, valueType }) => [name, valueType ?? undefined]) : [],
  );
}

/** Equal texts are equal values: of characteristics their values as their types have them, of anything else what is not an address. */
function comparable(
  name: keyof UsageRow,
  usage: UsageRow,
  types: ReadonlyMap<string, ValueType | undefined>,
  isFile: boolean,
): string {
  if (name !== 'usageCharacteristic') return canonicalJson(withoutAddresses(usage[name] ?? null));
  const given = (usage.usageCharacteristic ?? []).filter(({ value }) => !isAbsent(value));
  const textOfOne = ({ name: one, value = null }: UsageCharacteristic): string =>
    JSON.stringify([one, textOf(value, types.get(one), isFile)]);
  return JSON.stringify(given.map(textOfOne).sort());
}

/** As CSV has it where no type says more. */
function textOf(value: JsonValue, type: ValueType | undefined, isFile: boolean): string {
  const typed = type && readAs(type, value);
  if (typed !== undefined) return typed;
  if (!isFile) return canonicalJson(value);
  return (
    readAs('object', value) ?? readAs('array', value) ?? (typeof value === 'string' ? value : canonicalJson(value))
  );
}

/** An address is made when a reference is read; what is null is not there. */
function withoutAddresses(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutAddresses);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) =>
      part === null || name === 'href' ? [] : [[name, withoutAddresses(part)]],
    ),
  );
}
