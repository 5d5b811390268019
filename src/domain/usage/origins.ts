import { hash } from 'node:crypto';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { canonicalJson, type JsonObject, type JsonValue } from '../../platform/json-object.js';
import type { Write } from '../../platform/write/write-all.js';
import { inElement } from '../input.js';

// A usage that carries an externalId is taken once: the first one claims the name, the others find it claimed.

/** 72 bits: enough that two values of one attribute never meet by chance. */
const digestCharacters = 12;
/** How often a name is claimed again because its usage was deleted in that moment. */
const claimsMax = 5;

/** A name that a usage claims, and what it was handed over with. */
export interface Claim {
  source: string;
  externalId: string;
  usageId: string;
  digests: JsonObject;
  /** Its place in a request of several. */
  element?: number;
}

/** The name of a usage within its tenant; undefined when its deliverer gave none. */
export function claimOf(given: JsonObject, usageId: string): Claim | undefined {
  const { externalId, source, ...data } = given;
  if (typeof externalId !== 'string') return undefined;
  const digests = Object.entries(data).map(([name, value]): [string, string] => [name, digest(value)]);
  return {
    source: typeof source === 'string' ? source : '',
    externalId,
    usageId,
    digests: Object.fromEntries(digests),
  };
}

function digest(value: JsonValue): string {
  return hash('sha256', canonicalJson(value), 'base64url').slice(0, digestCharacters);
}

/**
 * Claims the names of new usages. Answers, by the id of each usage that is not new, the id of the one that has its
 * name; refuses one that comes with other data. Whoever claims the same name at the same time waits for the other.
 */
export async function claimOrigins(
  tx: Transaction,
  tenantId: string,
  claims: readonly Claim[],
): Promise<Map<string, string>> {
  const taken = new Map<string, string>();
  const first = new Map<string, Claim>();
  for (const claim of claims) if (!first.has(keyOf(claim))) first.set(keyOf(claim), claim);
  let open = [...first.values()];
  for (let tries = 0; open.length > 0; tries++) {
    if (tries === claimsMax)
      throw new DomainError(
        'CONFLICT',
        `externalId '${abbreviated(open[0]?.externalId ?? '')}' is being deleted and taken again: try later`,
        { path: 'externalId' },
      );
    const won = await insertOrigins(tx, tenantId, open);
    const lost = open.filter(({ usageId }) => !won.has(usageId));
    const known = await readOrigins(tx, tenantId, lost);
    for (const claim of lost) {
      const earlier = known.get(keyOf(claim));
      if (earlier === undefined) continue;
      requireSame(claim, earlier, earlier.usageId);
      taken.set(claim.usageId, earlier.usageId);
    }
    open = lost.filter(({ usageId }) => !taken.has(usageId));
  }
  // What one request brings twice is one usage, too.
  for (const claim of claims) {
    const other = first.get(keyOf(claim)) as Claim;
    if (other === claim) continue;
    const earlierId = taken.get(other.usageId);
    requireSame(claim, other, earlierId);
    taken.set(claim.usageId, earlierId ?? other.usageId);
  }
  return taken;
}

/** Refuses a usage that comes with other data than the one that has its name: one that is there, or one of the same request. */
function requireSame(claim: Claim, other: Claim, earlierId: string | undefined): void {
  const names = [...new Set([...Object.keys(claim.digests), ...Object.keys(other.digests)])].sort();
  const different = names.filter((name) => claim.digests[name] !== other.digests[name]);
  if (different.length === 0) return;
  const where = claim.source === '' ? '' : ` of source '${abbreviated(claim.source)}'`;
  const what = earlierId === undefined ? 'is there twice with different data' : 'was taken before with other data';
  const refusal = new DomainError(
    'CONFLICT',
    `externalId '${abbreviated(claim.externalId)}'${where} ${what}, which differ in ${different.join(', ')}`,
    {
      path: different[0],
      ...(earlierId !== undefined && { reference: { type: 'usage', id: earlierId } }),
    },
  );
  throw claim.element === undefined ? refusal : inElement(refusal, claim.element);
}

function keyOf({ source, externalId }: Claim): string {
  return JSON.stringify([source, externalId]);
}

/** Sorted, so that two requests of the same names wait for each other in one direction only. */
async function insertOrigins(tx: Transaction, tenantId: string, claims: readonly Claim[]): Promise<Set<string>> {
  const rows = await tx.query<{ usageId: string }>(Prisma.sql`
    INSERT INTO "UsageOrigin" ("tenantId", "source", "externalId", "usageId", "digests")
    SELECT ${tenantId}::text, r."source", r."externalId", r."usageId", r."digests"
    FROM jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) AS r("source" text, "externalId" text, "usageId" text, "digests" jsonb)
    ORDER BY r."source" COLLATE "C", r."externalId" COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING "usageId"`);
  return new Set(rows.map(({ usageId }) => usageId));
}

/** Locked against deletion, so that the usage is there when it is read. */
async function readOrigins(tx: Transaction, tenantId: string, claims: readonly Claim[]): Promise<Map<string, Claim>> {
  if (claims.length === 0) return new Map();
  const names = claims.map(({ source, externalId }) => ({ source, externalId }));
  const rows = await tx.query<Omit<Claim, 'digests'> & { digests: string }>(Prisma.sql`
    SELECT o."source", o."externalId", o."usageId", o."digests"::text AS "digests"
    FROM "UsageOrigin" o JOIN jsonb_to_recordset(${JSON.stringify(names)}::jsonb) AS r("source" text, "externalId" text)
      ON o."source" = r."source" AND o."externalId" = r."externalId"
    WHERE o."tenantId" = ${tenantId} ORDER BY o."source", o."externalId" FOR KEY SHARE OF o`);
  return new Map(
    rows
      .map((row) => ({ ...row, digests: JSON.parse(row.digests) as JsonObject }))
      .map((claim) => [keyOf(claim), claim]),
  );
}

/** The names of usages that go are free again. */
export function releaseOrigins(tenantId: string, usages: readonly JsonObject[]): Write {
  const names = usages
    .flatMap((usage) => claimOf(usage, String(usage['id'])) ?? [])
    .map(({ source, externalId }) => ({ source, externalId }));
  if (names.length === 0) return undefined;
  return Prisma.sql`
    DELETE FROM "UsageOrigin" o USING jsonb_to_recordset(${JSON.stringify(names)}::jsonb) AS r("source" text, "externalId" text)
    WHERE o."tenantId" = ${tenantId} AND o."source" = r."source" AND o."externalId" = r."externalId"`;
}
