import { DomainError } from '../../../platform/errors.js';
import { requireUncharged } from '../charging.js';
import { externalKeyOf } from '../deduplication.js';
import type { DeliveredUsage, SpecificationRow, UsageDependencies } from '../model.js';
import { fromUsageInput, type UsageInput } from '../usage-input.js';
import { newUsage } from '../usages.js';
import { requireFit } from '../validation.js';
import type { RefusedLine, StagedKey, StagedLine } from './import.store.js';

/** What was read of a line: a usage, or why it is none. */
export type Line = { line: number; given: DeliveredUsage } | RefusedLine;

/** The lines of a batch by what becomes of them. */
export interface SortedLines {
  keys: StagedKey[];
  rows: StagedLine[];
  refused: RefusedLine[];
}

/** Reads a line and checks it by itself; what is wrong with it is kept with it. */
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
  return [...new Set(lines.flatMap((read) => ('given' in read ? [read.given.usageSpecification.id] : [])))];
}

/** Checks a line as a created usage is checked, and puts it where it belongs. */
export function sortLine(
  read: Line,
  into: SortedLines,
  specifications: ReadonlyMap<string, SpecificationRow>,
  { nextId, extensions }: UsageDependencies,
  now: Date,
): void {
  if ('refusal' in read) {
    into.refused.push(read);
    return;
  }
  const { line, given } = read;
  try {
    const row = newUsage(given, { id: nextId(now), revision: 1, updatedAt: now.toISOString() });
    extensions.check(row);
    const specification = specifications.get(row.usageSpecification.id);
    if (specification) requireFit(row, specification);
    const key = externalKeyOf(given, row.id);
    if (key) into.keys.push({ line, ...key });
    into.rows.push({ line, eventId: nextId(now), row });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    into.refused.push({ line, refusal: error });
  }
}
