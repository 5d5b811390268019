import { hash } from 'node:crypto';
import type { Transaction } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { canonicalJson, type JsonValue } from '../../platform/json-object.js';
import { inElement } from '../input.js';
import { insertKeys, lockKeys } from './deduplication.store.js';
import type { DeliveredUsage, Digests, ExternalKey, UsageRow } from './model.js';

// A usage that carries an externalId is taken once: the first one registers its external key, the others find it registered.

/** 72 bits: enough that two values of one attribute never meet by chance. */
const digestCharacters = 12;
/** How often a key is registered again because its usage was deleted in that moment. */
const attemptsMax = 5;

/** The external key of a usage that is delivered; undefined when it has none. */
export function externalKeyOf(delivered: DeliveredUsage, usageId: string): ExternalKey | undefined {
  const { externalId, source, ...data } = delivered;
  if (typeof externalId !== 'string') return undefined;
  const digests = Object.entries(data).map(([name, value]): [string, string] => [name, digest(value)]);
  return { source: source ?? '', externalId, usageId, digests: Object.fromEntries(digests) };
}

function digest(value: JsonValue): string {
  return hash('sha256', canonicalJson(value), 'base64url').slice(0, digestCharacters);
}

/**
 * Registers the keys of new usages. Answers, by the id of each usage that is not new, the id of the one that has its key.
 * Throws CONFLICT for one that comes with other data. Transactions that register the same key wait for each other.
 */
export async function registerKeys(
  tx: Transaction,
  tenantId: string,
  keys: readonly ExternalKey[],
): Promise<Map<string, string>> {
  const taken = new Map<string, string>();
  const first = new Map<string, ExternalKey>();
  for (const key of keys) if (!first.has(nameOf(key))) first.set(nameOf(key), key);
  let open = [...first.values()];
  for (let tries = 0; open.length > 0; tries++) {
    if (tries === attemptsMax)
      throw new DomainError(
        'CONFLICT',
        `externalId '${abbreviated(open[0]?.externalId ?? '')}' is being deleted and taken again: try later`,
        { path: 'externalId' },
      );
    const won = await insertKeys(tx, tenantId, open);
    const lost = open.filter(({ usageId }) => !won.has(usageId));
    const known = new Map((await lockKeys(tx, tenantId, lost)).map((key) => [nameOf(key), key]));
    for (const key of lost) {
      const earlier = known.get(nameOf(key));
      if (earlier === undefined) continue;
      requireSameData(key, earlier, earlier.usageId);
      taken.set(key.usageId, earlier.usageId);
    }
    open = lost.filter(({ usageId }) => !taken.has(usageId));
  }
  // A usage that one request delivers twice is one usage, too.
  for (const key of keys) {
    const other = first.get(nameOf(key));
    if (other === undefined || other === key) continue;
    const earlierId = taken.get(other.usageId);
    requireSameData(key, other, earlierId);
    taken.set(key.usageId, earlierId ?? other.usageId);
  }
  return taken;
}

/** Refuses a usage that comes with other data than the one that has its key: one that is there, or one of the same request. */
function requireSameData(key: ExternalKey, other: ExternalKey, earlierId: string | undefined): void {
  const different = differentIn(key.digests, other.digests);
  if (different.length === 0) return;
  const where = key.source === '' ? '' : ` of source '${abbreviated(key.source)}'`;
  const what = earlierId === undefined ? 'is there twice with different data' : 'was taken before with other data';
  const refusal = new DomainError(
    'CONFLICT',
    `externalId '${abbreviated(key.externalId)}'${where} ${what}, which differ in ${different.join(', ')}`,
    {
      path: different[0],
      ...(earlierId !== undefined && { reference: { type: 'usage', id: earlierId } }),
    },
  );
  throw key.element === undefined ? refusal : inElement(refusal, key.element);
}

/** The attributes in whose digests two deliveries differ, by name. */
export function differentIn(one: Digests, other: Digests): (keyof UsageRow)[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)] as (keyof UsageRow)[]);
  return [...names].sort().filter((name) => one[name] !== other[name]);
}

function nameOf({ source, externalId }: ExternalKey): string {
  return JSON.stringify([source, externalId]);
}
