import { ID, Int } from 'type-graphql';
import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import type { JsonObject } from '../../src/platform/json-object.js';
import { Attribute, Resource } from '../attribute.js';
import type { Context } from '../context.js';
import { scopeOf } from '../page.js';
import { DateTime, Decimal } from '../scalars.js';
import { mappingOf } from '../resource-mapping.js';

@Resource({
  table: 'LedgerEntry',
  key: 'sequence',
  description:
    'One immutable movement of a bucket. The entries of a bucket, replayed in sequence, give its stored balance exactly.',
})
export class LedgerEntry {
  @Attribute(() => ID, { required: true, description: 'Id, a ULID given by the server.' })
  id: string;

  @Attribute(() => ID, { required: true, description: 'The bucket.' })
  bucketId: string;

  @Attribute(() => Int, { required: true, description: 'Number within the bucket, from 1 without gaps.' })
  sequence: number;

  @Attribute(() => String, {
    required: true,
    description:
      'opening, topup, credit, debit, reserve, release, commit, expire, transferOut, transferIn, transferCost or reversal.',
  })
  entryType: string;

  @Attribute(() => String, { description: 'Kind of the action that moved it, e.g. topupBalance.' })
  actionKind?: string;

  @Attribute(() => ID, { description: 'Id of the action that moved it.' })
  actionId?: string;

  @Attribute(() => Decimal, { required: true, description: 'Change of remainingValue, in units.' })
  remainingDelta: DecimalValue;

  @Attribute(() => Decimal, { required: true, description: 'Change of reservedValue, in units.' })
  reservedDelta: DecimalValue;

  @Attribute(() => Decimal, { required: true, description: 'remainingValue afterwards, in units.' })
  remainingAfter: DecimalValue;

  @Attribute(() => Decimal, { required: true, description: 'reservedValue afterwards, in units.' })
  reservedAfter: DecimalValue;

  @Attribute(() => String, { required: true, description: 'Units of the amounts.' })
  units: string;

  @Attribute(() => DateTime, {
    required: true,
    description: 'When the balance moved: what happened by itself is dated when it was due.',
  })
  recordedAt: Date;
}

/** The last entry of a bucket that was written by then: what it says of afterwards is how the bucket stood. */
export async function latestEntry(context: Context, bucketId: string, at: Date): Promise<JsonObject | undefined> {
  const { items } = await context.reader.page(
    { ...mappingOf(LedgerEntry), asOfFunction: 'ledgerEntriesAt' },
    { ...scopeOf(context), at },
    {
      filter: { kind: 'compare', path: ['bucketId'], operator: 'eq', value: bucketId },
      order: [],
      offset: 0,
      limit: 1,
      attributes: ['remainingAfter', 'reservedAfter', 'units'],
    },
  );
  return items[0];
}
