import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import { canonicalJson, type JsonObject, type JsonValue } from '../../platform/json-object.js';
import { readRows } from '../../platform/write/rows.js';
import { definitionsOf } from './definitions.js';
import type { Claim } from './origins.js';
import type { UsageDependencies } from './usages.js';
import { isAbsent, readAs, type ValueType } from './values.js';

// The same usage may come by JSON and by CSV, where a number is text: such usages are the same by the values that they have.

type Queries = Pick<Transaction, 'query'>;

/**
 * The claims, of which those that come with the data of a usage that is there, by value, say what that was taken with:
 * they are found to be the same. `rows` are the new usages by their ids. Of a file, which may be an export, what has
 * become of the usage since counts too, and a value without a type is its text.
 */
export async function withKnownValues<T extends Claim>(
  queries: Queries,
  mappings: UsageDependencies['mappings'],
  tenantId: string,
  claims: readonly T[],
  rows: ReadonlyMap<string, JsonObject>,
  { isFile }: { isFile: boolean },
): Promise<T[]> {
  const earlier = await earlierOf(queries, tenantId, claims);
  const other = claims.flatMap((claim) => {
    const known = earlier.get(claim.usageId);
    return known && canonicalJson(known.digests) !== canonicalJson(claim.digests) ? [known.earlierId] : [];
  });
  if (other.length === 0) return [...claims];
  const usages = await readRows(queries, mappings.usage, tenantId, [...new Set(other)]);
  const specificationIds = [...usages.values()].map(specificationOf);
  const specifications = await readRows(queries, mappings.usageSpecification, tenantId, [...new Set(specificationIds)]);
  return claims.map((claim) => {
    const known = earlier.get(claim.usageId);
    const usage = known && usages.get(known.earlierId);
    const row = rows.get(claim.usageId);
    if (usage === undefined || row === undefined || known === undefined) return claim;
    const types = typesOf(specifications.get(specificationOf(usage)));
    const names = new Set([...Object.keys(claim.digests), ...Object.keys(known.digests)]);
    const isSame = [...names].every(
      (name) =>
        claim.digests[name] === known.digests[name] ||
        ((isFile || name === 'usageCharacteristic') &&
          valueOf(name, row[name], types, isFile) === valueOf(name, usage[name], types, isFile)),
    );
    return isSame ? { ...claim, digests: known.digests } : claim;
  });
}

interface Earlier {
  earlierId: string;
  digests: JsonObject;
}

/** What has the names already, by the ids of the new usages. */
async function earlierOf(queries: Queries, tenantId: string, claims: readonly Claim[]): Promise<Map<string, Earlier>> {
  if (claims.length === 0) return new Map();
  const names = claims.map(({ source, externalId, usageId }) => ({ source, externalId, usageId }));
  const found = await queries.query<{ usageId: string; earlierId: string; digests: string }>(Prisma.sql`
    SELECT r."usageId", o."usageId" AS "earlierId", o."digests"::text AS "digests"
    FROM jsonb_to_recordset(${JSON.stringify(names)}::jsonb) AS r("source" text, "externalId" text, "usageId" text)
    JOIN "UsageOrigin" o ON o."tenantId" = ${tenantId} AND o."source" = r."source" AND o."externalId" = r."externalId"`);
  return new Map(
    found.map(({ usageId, earlierId, digests }) => [
      usageId,
      { earlierId, digests: JSON.parse(digests) as JsonObject },
    ]),
  );
}

function specificationOf(usage: JsonObject): string {
  return String((usage['usageSpecification'] as JsonObject)['id']);
}

function typesOf(specification: JsonObject | undefined): ReadonlyMap<string, ValueType | undefined> {
  return new Map(
    specification ? definitionsOf(specification).map(({ name, valueType }) => [name, valueType ?? undefined]) : [],
  );
}

/** Equal texts are equal values: of characteristics their values as their types have them, of anything else what is not an address. */
function valueOf(
  name: string,
  value: JsonValue | undefined,
  types: ReadonlyMap<string, ValueType | undefined>,
  isFile: boolean,
): string {
  if (name !== 'usageCharacteristic') return canonicalJson(withoutAddresses(value ?? null));
  const list = ((value ?? []) as JsonObject[]).filter((one) => !isAbsent(one['value']));
  return JSON.stringify(
    list
      .map((one) =>
        JSON.stringify([
          String(one['name']),
          textOf(one['value'] as JsonValue, types.get(String(one['name'])), isFile),
        ]),
      )
      .sort(),
  );
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
