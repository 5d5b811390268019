import type { Decimal } from '../../platform/decimal.js';
import type { Plain } from '../../platform/plain.js';

/** What the rules need to know of a bucket; the rest of it they neither read nor change. */
export interface BucketState {
  readonly id: string;
  readonly status: string;
  readonly usageType: string;
  /** Undefined until the first credit to a bucket that was created without a value. */
  readonly units: string | undefined;
  readonly remaining: Decimal;
  readonly reserved: Decimal;
  readonly priority: number | undefined;
  /** Most decimals any amount of this bucket ever had. */
  readonly amountScale: number;
  readonly validFrom: Date | undefined;
  readonly validUntil: Date | undefined;
  /** Entries written so far. */
  readonly entrySequence: number;
  readonly lastEntryAt: Date | undefined;
}

/** What a reservation holds in one bucket; the holds of a reservation are in burn order. */
export interface Hold {
  readonly bucketId: string;
  readonly amount: Decimal;
}

/** A reservation with what it still holds; an ended one holds nothing. */
export interface ReservationState {
  readonly id: string;
  readonly status: string;
  readonly units: string;
  readonly usageType: string | undefined;
  readonly expirationDate: Date | undefined;
  readonly holds: readonly Hold[];
  /** The reserveBalance as it is read, from which its next version is made. */
  readonly snapshot: Plain;
}

export type EntryType = 'opening' | 'topup' | 'credit' | 'debit' | 'reserve' | 'release' | 'commit';

/** One movement within a bucket: how much remaining and reserved change, and what it was. */
export interface Movement {
  readonly bucketId: string;
  readonly entryType: EntryType;
  readonly remainingDelta: Decimal;
  readonly reservedDelta: Decimal;
}
