import { requireOneOf } from '../input.js';

/** What files of usages are, those that come in and those that go out. */
export const contentTypes = ['application/x-ndjson', 'text/csv'] as const;

export function contentTypeOf(given: string | null | undefined): string {
  const contentType = given ?? 'application/x-ndjson';
  requireOneOf('contentType', contentTypes, contentType);
  return contentType;
}
