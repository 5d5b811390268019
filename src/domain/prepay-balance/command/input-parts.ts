import { requireAmount } from '../../amount.js';
import { missing, requireName } from '../../input.js';
import type { Amount, BalanceActionRow, LogicalResourceReference } from '../model.js';
import type { Containment, Locator } from './commands.js';

// The parts that the inputs of buckets and actions share, and how they are checked.

type Locating = 'bucket' | 'product' | 'logicalResource' | 'partyAccount' | 'relatedParty';

/** How a request names the bucket it means. */
export type LocatorInput = { amount: Amount } & { [Name in Locating]?: BalanceActionRow[Name] };

/** Refuses an amount that is not above zero or not exact, and units without a name. */
export function requireQuantity(path: string, { amount, units }: Amount): void {
  requireName(`${path}.units`, units);
  requireAmount(amount, `${path}.amount`);
}

/** The usageType of a request, if it has one. Throws DomainError for an empty or too long one. */
export function usageTypeOf({ usageType }: { usageType?: string | null }): string | undefined {
  if (usageType === null || usageType === undefined) return undefined;
  requireName('usageType', usageType);
  return usageType;
}

/** References with an id each: that of a logical resource named by its value alone (an MSISDN) is that value. */
export function completeLogicalResources(
  references: readonly LogicalResourceReference[],
  name = 'logicalResource',
): LogicalResourceReference[] {
  return references.map((reference) => {
    const id = reference.id ?? reference.value;
    if (!id) throw missing(`${name}.id`, `a ${name} has an id or a value`);
    return { ...reference, id };
  });
}

/**
 * How a request names its bucket: outright, or by references. A bucket matches that carries one of the references of each
 * kind given; relatedParty counts only when no other kind is given, because it also names parties such as agents. Throws
 * MISSING_ATTRIBUTE when nothing names a bucket.
 */
export function locatorOf(input: LocatorInput, usageType: string | undefined, names = ownNames): Locator {
  if (input.bucket?.id) return { kind: 'bucket', bucketId: input.bucket.id };
  const nearer = [
    alternatives(
      'product',
      input.product?.map(({ id }) => [{ id }]),
    ),
    alternatives('logicalResource', input.logicalResource?.flatMap(logicalResourceMatches)),
    alternatives('partyAccount', input.partyAccount ? [{ id: input.partyAccount.id }] : undefined),
  ].filter((condition) => condition.length > 0);
  const parties = alternatives(
    'relatedParty',
    input.relatedParty?.map(({ id }) => [{ id }]),
  );
  const conditions = nearer.length > 0 || parties.length === 0 ? nearer : [parties];
  if (conditions.length === 0) {
    throw missing(names.missing, `one of ${names.all} must say which balance is meant`);
  }
  return { kind: 'match', conditions, usageType, units: input.amount.units };
}

const ownNames = { missing: 'bucket', all: 'bucket, product, logicalResource, partyAccount or relatedParty' };

function logicalResourceMatches({ id, value }: LogicalResourceReference): object[] {
  const name = id ?? value;
  return value ? [[{ id: name }], [{ value }]] : [[{ id: name }]];
}

function alternatives(attribute: Containment['attribute'], contained: object[] | undefined): Containment[] {
  return (contained ?? []).map((json) => ({ attribute, json: JSON.stringify(json) }));
}
