import { ID, Int } from 'type-graphql';
import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import { Attribute, Resource } from '../attribute.js';
import { DateTime, Decimal } from '../scalars.js';

@Resource({
  table: 'LedgerEntry',
  key: 'sequence',
  description:
    'One immutable movement of a bucket. The entries of a bucket, replayed in sequence, give its stored balance exactly.',
})
export class LedgerEntry {
  @Attribute(() => ID, { field: 'itemId', required: true, description: 'Id, a ULID given by the server.' })
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

  @Attribute(() => String, {
    description: 'Kind of the action that moved it, e.g. topupBalance; bucket where it was created or changed itself.',
  })
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

  @Attribute(() => String, {
    description:
      'Who asked for it: the id of a principal, or system for the server itself. Null in entries of earlier versions.',
  })
  principalId?: string;
}
