import { createHmac, timingSafeEqual } from 'node:crypto';

/** The header X-Signature of a body: the receiver makes the same of what it got by its secret, and compares (docs/events.md). */
export function signatureOf(body: string, secrets: readonly string[], now: Date): string {
  const time = Math.floor(now.getTime() / 1_000);
  const signatures = secrets.map((secret) => createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
  return [`t=${time}`, ...signatures.map((signature) => `v1=${signature}`)].join(',');
}

/** How far apart the clocks of two machines may be, and how long an event may be under way. */
const toleranceSeconds = 300;

/** Why a header is none of this body by this secret; undefined: it is. Several signatures are those of several secrets. */
export function signatureProblem(header: string, body: Buffer, secret: string, now: Date): string | undefined {
  const parts = header.split(',').map((part) => part.split('=', 2) as [string, string?]);
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  const signatures = parts.filter(([name]) => name === 'v1').map(([, text = '']) => Buffer.from(text, 'hex'));
  if (time === '' || signatures.length === 0) return 'it has no signature';
  const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
  if (!signatures.some((one) => one.length === expected.length && timingSafeEqual(one, expected)))
    return 'it is signed by another secret, or was changed';
  const isFresh = Math.abs(now.getTime() / 1_000 - Number(time)) <= toleranceSeconds;
  return isFresh ? undefined : `it was signed at another time: ${time}`;
}
