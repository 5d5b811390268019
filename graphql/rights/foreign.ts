import { DomainError } from '../../src/platform/errors.js';
import { pathsOf } from '../../src/platform/filter/tree/filter.js';
import type { JsonObject, JsonValue } from '../../src/platform/json-object.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import type { PageRequest } from '../../src/platform/plan/page-request.js';
import type { Guard } from '../../src/platform/plan/plan.js';
import type { Edge } from '../../src/platform/read/source.js';
import type { Access } from '../../src/platform/rights/visibility.js';
import { resourceNamed } from '../attribute.js';
import { mappingOf } from '../resource-mapping.js';

// Objects within a row that name a bucket. The row may be the caller's own while the bucket is somebody else's, as with a
// transfer: of such an object only the id is shown, and nothing can be found by what is not shown.

/** Where these types name a bucket. */
const bucketPaths: Readonly<Record<string, readonly string[]>> = {
  BucketRef: ['id'],
  ImpactedBucket: ['bucket', 'id'],
};

/** What must be seen for an object of this type to be shown whole; undefined: nothing in particular. */
export function guardOf(typeName: string, { visibility }: Access): Guard | undefined {
  const path = visibility && Object.hasOwn(bucketPaths, typeName) ? bucketPaths[typeName] : undefined;
  if (path === undefined) return undefined;
  const mapping = mappingOf(resourceNamed('bucket'));
  return visibility?.isRestricted(mapping) ? { mapping, path } : undefined;
}

/** Attributes of actions that have such objects, and what is shown of them in any case. */
const withBuckets: ReadonlySet<string> = new Set(['bucket', 'receiverBucket', 'impactedBucket']);
const shown = /(^|\.)(bucket|receiverBucket)\.id$/;

/**
 * Refuses a page whose filter or order goes by what, or whose groups are made of what, its caller may not see, whatever the data.
 * @throws DomainError FORBIDDEN
 */
export function requireVisible(
  typeName: string,
  { filter, order, groups }: PageRequest,
  { rights, visibility }: Access,
): void {
  if (!visibility && !rights.hides) return;
  // The order of groups goes by what they are made of.
  const shownPaths = groups
    ? [...groups.keys.map(({ path }) => path), ...(groups.of ? [groups.of.amount] : [])]
    : order.map(({ path }) => path);
  const paths = [...(filter ? pathsOf(filter) : []), ...shownPaths.map((path) => path.join('.'))];
  rights.requireVisible(lowerFirst(typeName), paths);
  const mapping = mappingOf(resourceNamed('bucket'));
  if (!visibility?.isRestricted(mapping) || typeName === mapping.name) return;
  const foreign = paths.find((path) => path.split('.').some((name) => withBuckets.has(name)) && !shown.test(path));
  if (foreign !== undefined)
    throw new DomainError(
      'FORBIDDEN',
      `'${foreign}' may be that of somebody else's bucket: only its id can be asked for`,
      {
        path: foreign,
      },
    );
}

/** Refuses rows that are found by an attribute which their caller may not see: that they are found would tell what it is. Throws FORBIDDEN. */
export function requireVisibleEdge(typeName: string, edge: Edge, { rights }: Access): void {
  if (rights.hides && 'named' in edge)
    rights.requireVisible(
      lowerFirst(typeName),
      edge.named.map(({ column }) => column),
    );
}

/** Ids of the buckets that a row names, at whatever depth. */
export function bucketsIn(value: JsonValue): string[] {
  const ids: string[] = [];
  eachBucket(value, (one) => {
    ids.push(String(one['id']));
    return one;
  });
  return ids;
}

/** A row that is not read by a plan, in which of buckets that are not `own` only the id is shown. */
export function withoutForeign(row: JsonObject, own: ReadonlySet<string>): JsonObject {
  return eachBucket(row, (bucket, whole) => (own.has(String(bucket['id'])) ? whole : undefined)) as JsonObject;
}

type Keep = (bucket: JsonObject, whole: JsonObject) => JsonObject | undefined;

/** Goes through all objects that name a bucket; of one that is not kept the id stays. */
function eachBucket(value: JsonValue, keep: Keep, name = ''): JsonValue {
  if (Array.isArray(value)) return value.map((one) => eachBucket(one, keep, name));
  if (typeof value !== 'object' || value === null) return value;
  if (withBuckets.has(name)) {
    const isImpact = name === 'impactedBucket';
    const bucket = (isImpact ? value['bucket'] : value) as JsonObject | null | undefined;
    // What names no bucket tells of none that could be anybody's own.
    if (!bucket || keep(bucket, value) === undefined) {
      const id: JsonObject = bucket ? { id: bucket['id'] ?? null } : {};
      return isImpact ? { bucket: id } : id;
    }
    if (!isImpact) return value;
  }
  return Object.fromEntries(Object.entries(value).map(([inner, part]) => [inner, eachBucket(part, keep, inner)]));
}
