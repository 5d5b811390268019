/** PostgreSQL cannot store NUL, nor half of a surrogate pair, in text or jsonb. */

/** @returns whether PostgreSQL can store the text */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !/[\uD800-\uDFFF]/u.test(text);
}

/** @returns the text with each character that PostgreSQL cannot store replaced by U+FFFD, e.g. for a log or a message */
export function toStorable(text: string): string {
  return text.replace(/[\0\uD800-\uDFFF]/gu, '\ufffd');
}
