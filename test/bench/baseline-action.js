// @ts-check
/** What the balance actions of the baseline have in common: ids, fingerprints, answers, and the same request again. */
import { createHash } from 'node:crypto';
import { monotonicFactory } from 'ulid';

export const nextId = monotonicFactory();

const uniqueViolation = '23505';

/** @typedef {Record<string, any>} Action */
/** @typedef {{ status: number, action?: Action, replayed?: boolean }} Done */
/** @typedef {{ id: string, usageType: string, before: number, after: number, itemType: string }} Impact */

const earlier = {
  name: 'earlier-answer',
  text: `SELECT "fingerprint", "outcome" FROM "Idempotency" WHERE "tenantId" = $1 AND "key" = $2`,
};

/**
 * Runs the one statement of an action; when its key was used before, the answer of then is given again.
 * @param {import('pg').Pool} pool
 * @param {string} tenantId
 * @param {{ operation: string, body: Action, key: string | undefined }} request
 * @param {(fingerprint: string) => Promise<Action | undefined>} act undefined: refused
 * @returns {Promise<Done>}
 */
export async function once(pool, tenantId, { operation, body, key }, act) {
  const fingerprint = createHash('sha256')
    .update(canonicalJson({ operation, input: body }))
    .digest('hex');
  try {
    const action = await act(fingerprint);
    if (action) return { status: 201, action };
  } catch (error) {
    if (/** @type {{ code?: string }} */ (error).code !== uniqueViolation) throw error;
  }
  // Refused, perhaps because this very request was carried out before.
  const { rows } = await pool.query({ ...earlier, values: [tenantId, key] });
  if (rows[0]?.fingerprint !== fingerprint) return { status: 422 };
  return { status: 201, action: inOrder(rows[0].outcome.answer), replayed: true };
}

/**
 * The answer, attribute by attribute in the order the server gives them.
 * @param {Action} facts
 * @returns {Action}
 */
export function answer({ id, status, body, impacts, at, usageType, ...own }) {
  const { amount, bucket, reason, description, adjustType, reserveBalance, receiverBucket } = body;
  return {
    id,
    revision: 1,
    status,
    amount,
    bucket,
    relatedParty: own.relatedParty,
    impactedBucket: impacts.map((/** @type {Impact} */ impact) => ({
      bucket: { id: impact.id, usageType: impact.usageType },
      amountBefore: { amount: impact.before, units: amount.units },
      amountAfter: { amount: impact.after, units: amount.units },
      item: [{ itemType: impact.itemType, amount }],
      confirmationDate: at,
    })),
    description,
    reason,
    confirmationDate: at,
    usageType,
    adjustType,
    reserveBalance,
    receiverBucket,
    receiverBucketUsageType: own.receiverUsageType,
    requestedDate: at,
    updatedAt: at,
  };
}

/** jsonb keeps no order of names: the answer is put together again. @param {Action} stored */
function inOrder(stored) {
  const impacts = stored.impactedBucket.map((/** @type {Action} */ impact) => ({
    id: impact.bucket.id,
    usageType: impact.bucket.usageType,
    before: impact.amountBefore.amount,
    after: impact.amountAfter.amount,
    itemType: impact.item[0].itemType,
  }));
  const {
    id,
    status,
    usageType,
    relatedParty,
    confirmationDate: at,
    receiverBucketUsageType: receiverUsageType,
  } = stored;
  const { units, amount } = stored.amount;
  return answer({
    id,
    status,
    body: { ...stored, amount: { amount, units } },
    impacts,
    at,
    usageType,
    relatedParty,
    receiverUsageType,
  });
}

/** What every action needs; the rest is for the database to refuse. @param {Action} body */
export function isComplete({ amount, bucket }) {
  return (
    typeof amount?.amount === 'number' &&
    amount.amount > 0 &&
    typeof amount.units === 'string' &&
    typeof bucket?.id === 'string'
  );
}

/** @param {object} value */
function canonicalJson(value) {
  return JSON.stringify(value, (_name, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
