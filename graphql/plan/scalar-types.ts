import type { ScalarType } from '../../src/platform/filter/tree/attribute-type.js';

/** How the scalars of the schema are stored; all others are JSON of any structure. */
export const scalarTypes: Readonly<Record<string, ScalarType>> = {
  String: 'string',
  ID: 'string',
  Int: 'int',
  Boolean: 'boolean',
  Decimal: 'decimal',
  DateTime: 'dateTime',
};
