import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What every API key begins with, so that it is told from a token, and found where it was left by mistake. */
export const keyPrefix = 'tmf_';

const base = 36;
/** Digits of 256 bits, and of the 32 bits that check them. */
const secretDigits = 50;
const checkDigits = 7;
const pattern = new RegExp(`^${keyPrefix}[0-9a-z]{${secretDigits + checkDigits}}$`);

/** The text of a new key: 256 random bits, and a check by which a mistyped or made-up one is known without asking anybody. */
export function newKeyText(): string {
  const secret = BigInt(`0x${randomBytes(32).toString('hex')}`)
    .toString(base)
    .padStart(secretDigits, '0');
  return `${keyPrefix}${secret}${checkOf(secret)}`;
}

/** Whether a text can be a key: it has the form of one, and its check is right. */
export function isKeyText(text: string): boolean {
  if (!pattern.test(text)) return false;
  const digits = text.slice(keyPrefix.length);
  return checkOf(digits.slice(0, secretDigits)) === digits.slice(secretDigits);
}

/** What is kept of a key. No salt and no slow hash: nobody guesses 256 random bits. */
export function hashOfKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function checkOf(secret: string): string {
  return crc32(secret).toString(base).padStart(checkDigits, '0');
}
