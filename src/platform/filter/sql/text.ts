/** Conditions on texts. The expressions have the collation "C", so that comparisons are bytewise. */
import { Prisma } from '../../../../prisma/generated/client.js';
import { foldCase } from '../fold-case.js';
import { parseRegex } from '../regex/regex.js';

export function contains(text: Prisma.Sql, part: string): Prisma.Sql {
  return Prisma.sql`(${text} LIKE ${`%${escapeLike(part)}%`}::text)`;
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (special) => `\\${special}`);
}

/**
 * A range from the prefix up to its successor: bytewise collation makes it exact, and unlike LIKE with a
 * parameter it uses a btree index in generic plans too.
 */
export function startsWith(text: Prisma.Sql, prefix: string): Prisma.Sql {
  const successor = successorOf(prefix);
  if (successor === undefined) return Prisma.sql`starts_with(${text}, ${prefix}::text)`;
  return Prisma.sql`(${text} >= ${prefix}::text AND ${text} < ${successor}::text)`;
}

/** Both conditions once more, whatever the case of letters (docs/rest.md#filters). */
export function containsFolded(text: Prisma.Sql, part: string): Prisma.Sql {
  return contains(folded(text), foldCase(part));
}

export function startsWithFolded(text: Prisma.Sql, prefix: string): Prisma.Sql {
  return Prisma.sql`starts_with(${folded(text)}, ${foldCase(prefix)}::text)`;
}

function folded(text: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`"public"."foldCase"(${text})`;
}

/** Demands grams of a text, which an index of them answers. */
export function hasGrams(text: Prisma.Sql, grams: readonly string[]): Prisma.Sql {
  return Prisma.sql`"public"."searchGrams"(${text}) @> ${grams}::text[]`;
}

/** The least text above all that start with the prefix; none when it is empty or all U+10FFFF. */
function successorOf(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number);
  while (points.length > 0) {
    const last = points.pop() as number;
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}

/**
 * A regular expression of the restricted syntax, searched for.
 * @param name the attribute, for the refusal of a pattern beyond that syntax
 */
export function matchesPattern(text: Prisma.Sql, pattern: string, name: string): Prisma.Sql {
  return Prisma.sql`(${text} ~ ${parseRegex(pattern, name).pattern}::text)`;
}
