import { DomainError } from '../../../platform/errors.js';
import type { JsonObject } from '../../../platform/json-object.js';
import { requireUncharged } from '../charging.js';
import { claimOf } from '../origins.js';
import { fromUsageInput, type UsageInput } from '../usage-input.js';
import { newUsage, specificationIdOf, type UsageDependencies } from '../usages.js';
import { requireFit } from '../validation.js';
import type { RefusedLine, StagedClaim, StagedLine } from './store.js';

/** What was read of a line: a usage, or why it is none. */
export type Line = { line: number; given: JsonObject } | RefusedLine;

/** The lines of a batch by what becomes of them. */
export interface SortedLines {
  claims: StagedClaim[];
  rows: StagedLine[];
  refused: RefusedLine[];
}

export function readLine(line: number, read: () => UsageInput): Line {
  try {
    const given = fromUsageInput(read());
    requireUncharged(given);
    return { line, given };
  } catch (error) {
    if (error instanceof DomainError) return { line, refusal: error };
    throw error;
  }
}

/** The specifications that the lines name. */
export function specificationIdsOf(lines: readonly Line[]): string[] {
  return [...new Set(lines.flatMap((read) => ('given' in read ? [specificationIdOf(read.given)] : [])))];
}

/** Checks a line as a created usage is checked, and puts it where it belongs. */
export function sortLine(
  read: Line,
  into: SortedLines,
  specifications: ReadonlyMap<string, JsonObject>,
  { nextId, extensions }: UsageDependencies,
  now: Date,
): void {
  if ('refusal' in read) {
    into.refused.push(read);
    return;
  }
  const { line, given } = read;
  try {
    const row = newUsage(given, nextId(now), now);
    extensions.check(row);
    const specification = specifications.get(specificationIdOf(row));
    if (specification) requireFit(row, specification);
    const claim = claimOf(given, String(row['id']));
    if (claim) into.claims.push({ line, ...claim });
    into.rows.push({ line, eventId: nextId(now), row });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    into.refused.push({ line, refusal: error });
  }
}
