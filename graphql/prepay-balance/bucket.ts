import { Arg, Args, Field, FieldResolver, ID, Int, ObjectType, Query, Resolver } from 'type-graphql';
import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import type { StandingRows } from '../../src/platform/plan/plan.js';
import { attributeOf } from '../../src/platform/read/columns.js';
import type { ResourceMapping, StoredAttribute } from '../../src/platform/read/resource-mapping.js';
import { Attribute, Resource, ValueObject } from '../attribute.js';
import { weights } from '../cost/weights.js';
import { pageArgumentsOf, pageOf } from '../page.js';
import { byPlan, Read } from '../plan/field-read.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime, Decimal } from '../scalars.js';
import { mappingOf } from '../resource-mapping.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { Quantity } from '../shared/quantity.js';
import { LogicalResourceRef, PartyAccountRef, ProductRef, RelatedParty } from '../shared/references.js';
import { TimePeriod } from '../shared/time-period.js';
import { BalanceAction } from './balance-action.js';
import { LedgerEntry } from './ledger-entry.js';
import { BucketRef, ReserveBalanceRef } from './references.js';
import { BucketStatusType } from './enums.js';

@ValueObject(
  'A remaining value at which BucketThresholdReachedEvent tells that a bucket runs low: either an amount or a percent. Reached when a debit, a reservation or a transfer leaves no more than it, and armed again by a credit that leaves more.',
)
export class BucketThreshold {
  @Attribute(() => String, { description: 'What it is called, for those who are told.' })
  name?: string;

  @Attribute(() => Quantity, {
    description: 'The remaining value, above zero, in the units of the bucket or ones that convert to them.',
  })
  amount?: Quantity;

  @Attribute(() => Decimal, {
    description: 'The remaining value as a share of the last credit of the bucket, in percent: above 0, below 100.',
  })
  percent?: DecimalValue;

  @Attribute(() => DateTime, {
    description:
      'Since when it counts as reached; null: it is armed. Set by the server: it may be sent back, and what is given is not kept.',
  })
  reachedAt?: Date;
}

@Resource({
  table: 'Bucket',
  indexes: {
    orders: ['status', 'usageType', 'requestedDate', 'name'],
    searches: ['id', 'name'],
    references: ['logicalResource', 'partyAccount', 'product', 'relatedParty'],
  },
  description:
    'TMF654 Bucket: a counter of what may still be spent, in money or any other unit. Only balance actions change its value.',
})
export class Bucket extends ExtensibleResource {
  @Attribute(() => String, {
    required: true,
    create: 'required',
    update: true,
    description: 'What the bucket is for, e.g. monetary, voice, data, sms, other.',
  })
  usageType: string;

  @Attribute(() => BucketStatusType, {
    required: true,
    create: 'optional',
    update: true,
    description: 'active, suspended or expired; active when not given.',
  })
  status: string;

  @Attribute(() => Quantity, {
    create: 'optional',
    update: true,
    description:
      'What may still be spent. Given on creation it is the opening balance; afterwards only balance actions change it.',
  })
  remainingValue?: Quantity;

  @Attribute(() => Quantity, {
    create: 'optional',
    update: true,
    description: 'What live reservations hold back, in the units of remainingValue; not part of it.',
  })
  reservedValue?: Quantity;

  @Attribute(() => [ReserveBalanceRef], {
    computed: true,
    description: 'The live reservations that hold something of this bucket.',
  })
  reserveBalance?: ReserveBalanceRef[];

  @Attribute(() => String, { create: 'optional', update: true, description: 'Name.' })
  name?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Description for people.' })
  description?: string;

  @Attribute(() => Boolean, {
    create: 'optional',
    update: true,
    description: 'Whether several devices or users share it.',
  })
  isShared?: boolean;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'The remaining value in words, e.g. 1.9 GB, as the client wants it shown.',
  })
  remainingValueName?: string;

  @Attribute(() => Int, {
    create: 'optional',
    update: true,
    description: 'Our extension: burn order among several matching buckets, lower first; without it, last.',
  })
  priority?: number;

  @Attribute(() => [BucketThreshold], {
    create: 'optional',
    update: true,
    description:
      'Our extension: remaining values at which events tell that the bucket runs low, at most 10. One that was there before keeps its state; one that the bucket is not above when it is given counts as reached, and is not told. An amount needs a bucket that has a value.',
  })
  threshold?: BucketThreshold[];

  @Attribute(() => BucketThreshold, {
    description:
      'Our extension: the threshold that was reached last: that which a BucketThresholdReachedEvent tells of.',
  })
  lastReachedThreshold?: BucketThreshold;

  @Attribute(() => DateTime, {
    description:
      'Our extension: since when nothing remains, of which BucketDepletedEvent tells; null again after the next credit, and not before.',
  })
  depletedAt?: Date;

  @Attribute(() => TimePeriod, {
    create: 'optional',
    update: true,
    description: 'When the bucket may be used; outside, actions on it are refused.',
  })
  validFor?: TimePeriod;

  @Attribute(() => [LogicalResourceRef], {
    create: 'optional',
    update: true,
    description: 'Logical resources it belongs to, e.g. an MSISDN in value.',
  })
  logicalResource?: LogicalResourceRef[];

  @Attribute(() => PartyAccountRef, { create: 'optional', update: true, description: 'The account it belongs to.' })
  partyAccount?: PartyAccountRef;

  @Attribute(() => [ProductRef], { create: 'optional', update: true, description: 'Products it belongs to.' })
  product?: ProductRef[];

  @Attribute(() => [RelatedParty], {
    create: 'optional',
    update: true,
    description: 'Parties it belongs to or that have to do with it.',
  })
  relatedParty?: RelatedParty[];

  @Attribute(() => DateTime, { required: true, description: 'When its creation was asked for; set by the server.' })
  requestedDate: Date;

  @Attribute(() => DateTime, { required: true, description: 'When it was created; set by the server.' })
  confirmationDate: Date;
}

@ObjectType({ description: 'What a bucket held at an instant, by replay of its ledger.', simpleResolvers: true })
class PastBalance {
  @Field(() => Quantity, { nullable: true, description: 'What might still be spent.' })
  remainingValue?: Quantity;

  @Field(() => Quantity, { nullable: true, description: 'What live reservations held back; not part of it.' })
  reservedValue?: Quantity;

  @Field(() => Int, { description: 'Number of the last entry of the ledger by then.' })
  sequence: number;
}

/** The last entry of the ledger of a bucket that was written by an instant, as what the bucket held then. */
function pastBalances(): StandingRows {
  const entries = mappingOf(LedgerEntry);
  const { remainingValue, reservedValue } = pastMapping().attributes;
  if (!remainingValue || !reservedValue) throw new Error('a bucket has amounts');
  const attributes = { remainingValue, reservedValue, sequence: attributeOf(entries, 'sequence') };
  const mapping = { ...entries, asOfFunction: 'ledgerEntriesAt', attributes };
  return { function: 'ledgerEntriesAt', by: 'bucketId', mapping };
}

/** A bucket as its ledger says it stood: the last entry that was written by then stands beside it. */
function pastMapping(): ResourceMapping {
  const present = mappingOf(Bucket);
  const standing = (name: string, amount: string): StoredAttribute => ({
    ...attributeOf(present, name),
    storage: { kind: 'parts', columns: { amount, units: 'units' } },
  });
  return {
    ...present,
    beside: { function: 'ledgerEntriesAt', by: 'bucketId', columns: ['remainingAfter', 'reservedAfter', 'units'] },
    attributes: {
      ...present.attributes,
      remainingValue: standing('remainingValue', 'remainingAfter'),
      reservedValue: standing('reservedValue', 'reservedAfter'),
    },
  };
}

@Resolver(() => Bucket)
class BucketQuery {
  @Read({
    kind: 'row',
    target: Bucket,
    past: { argument: 'asOf', mapping: pastMapping, absent: ['reserveBalance'], since: 'requestedDate' },
  })
  @Query(() => Bucket, { nullable: true, description: 'One Bucket by id, or null.' })
  bucket(
    @Arg('id', () => ID, { description: 'The id of the Bucket.' }) _id: string,
    @Arg('asOf', () => DateTime, {
      nullable: true,
      deprecationReason:
        'Caches keep what it answers as the present bucket. Use balanceAsOf, which has no id; gone in the next version.',
      description:
        'Answers remainingValue and reservedValue as they stood at this instant, by replay of the ledger; reserveBalance is null then, everything else is as it is now. Null when the bucket did not exist yet. Must not be in the future (INVALID_QUERY).',
    })
    _asOf: Date | null,
  ): object | null {
    return byPlan();
  }
}

const entryPage = pageOf(LedgerEntry);
const entryArguments = pageArgumentsOf(LedgerEntry);
const actionPage = pageOf(BalanceAction);
const actionArguments = pageArgumentsOf(BalanceAction);

@Resolver(() => Bucket)
class BucketEdges {
  @Read({ kind: 'standing', rows: pastBalances })
  @FieldResolver(() => PastBalance, {
    nullable: true,
    complexity: weights.parent,
    description:
      'What it held at an instant: as the last entry of its ledger by then left it, null when there was none. Everything else of the bucket is as it is now.',
  })
  balanceAsOf(
    @Arg('at', () => DateTime, { description: 'The instant; not in the future (INVALID_QUERY).' }) _at: Date,
  ): PastBalance | null {
    return byPlan();
  }

  @Read({ kind: 'page', target: LedgerEntry, edge: { parent: 'bucketId' } })
  @FieldResolver(() => entryPage, {
    description: 'The ledger: every movement of this bucket, by default in the order they were written.',
  })
  entries(@Args(() => entryArguments) _request: object): object {
    return byPlan();
  }

  @Read({
    kind: 'page',
    target: BalanceAction,
    edge: { links: 'BucketAction', parent: 'bucketId', child: 'actionId' },
  })
  @FieldResolver(() => actionPage, {
    description:
      'The history: every action that moved this bucket or named it, refused ones included, by default in the order they were asked for.',
  })
  actions(@Args(() => actionArguments) _request: object): object {
    return byPlan();
  }
}

export const bucket: ResourceModule = {
  resolvers: [
    BucketEdges,
    ...resourceResolvers(
      Bucket,
      {
        create: {
          description:
            'Creates a bucket; remainingValue is its opening balance. Errors: INVALID_ATTRIBUTE, BALANCE_LIMIT.',
          call: ({ prepayBalance }, write, input) => prepayBalance.buckets.create(write, input),
        },
        createMany: {
          description: 'Makes several buckets in one transaction.',
          call: ({ prepayBalance }, write, inputs) => prepayBalance.buckets.createMany(write, inputs),
        },
        update: {
          description:
            'Changes a bucket in everything but its balance. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT, REVISION_MISMATCH.',
          call: ({ prepayBalance }, write, change) => prepayBalance.buckets.update(write, change),
        },
        delete: {
          description: 'Deletes an empty bucket; its ledger entries stay. Errors: NOT_FOUND, BUCKET_NOT_EMPTY.',
          call: ({ prepayBalance }, write, id, ifRevision) => prepayBalance.buckets.delete(write, id, ifRevision),
        },
      },
      BucketQuery,
    ),
  ],
  joins: [{ reference: BucketRef, target: Bucket }],
};
