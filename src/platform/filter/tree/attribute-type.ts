import type { Decimal } from '../../decimal.js';

/** The types an attribute can be filtered and ordered as. json is compared as a whole value only. */
export const scalarTypes = ['string', 'int', 'decimal', 'boolean', 'dateTime', 'json'] as const;
export type ScalarType = (typeof scalarTypes)[number];

/** A value that a condition compares with; decimals and times are already exact. */
export type FilterValue = string | number | boolean | Decimal | Date;

/**
 * What is known about an attribute: enough to resolve a path, to type a value and to compile SQL.
 * Attributes are named as in GraphQL (atType, not @type). The thunk lets types nest in themselves. A text may have `words`:
 * then there are no others.
 */
export type AttributeType =
  | { kind: 'scalar'; type: ScalarType; words?: readonly string[] | undefined }
  | { kind: 'object'; attributes: () => Attributes }
  | { kind: 'list'; element: AttributeType };

export type Attributes = Readonly<Record<string, AttributeType>>;
