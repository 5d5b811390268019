import { abbreviated, DomainError } from '../../src/platform/errors.js';
import { pathsOf } from '../../src/platform/filter/tree/filter.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import type { PageRequest } from '../../src/platform/plan/page-request.js';
import type { Guard } from '../../src/platform/plan/plan.js';
import type { Access } from '../../src/platform/rights/visibility.js';
import { resourceNamed } from '../attribute.js';
import { mappingOf } from '../resource-mapping.js';
import { readingOf } from './operations.js';

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
 * Refuses a page whose filter or order goes by what its caller may not see, whatever the data.
 * @throws DomainError FORBIDDEN
 */
export function requireVisible(typeName: string, { filter, order }: PageRequest, { rights, visibility }: Access): void {
  if (!visibility && !rights.hides) return;
  const paths = [...(filter ? pathsOf(filter) : []), ...order.map(({ path }) => path.join('.'))];
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

/** Of the views of customers: which ids are the caller's own. */
const ownViews: Readonly<Record<string, 'parties' | 'accounts'>> = { Party: 'parties', BillingAccount: 'accounts' };

/** @throws DomainError NOT_FOUND when the view is of somebody else, and the caller sees only its own */
export function requireOwnView(typeName: string, id: string, { rights, visibility }: Access): void {
  const own = Object.hasOwn(ownViews, typeName) ? ownViews[typeName] : undefined;
  if (!visibility || !own || rights.grantOf(readingOf(typeName))?.rows === 'all') return;
  if (!visibility.owner[own].includes(id))
    throw new DomainError('NOT_FOUND', `${typeName} '${abbreviated(id)}' does not exist`);
}
