import type { Decimal } from '../../platform/decimal.js';
import type { Plain } from '../../platform/plain.js';

export type ActionKind = 'topupBalance' | 'adjustBalance' | 'reserveBalance';

export interface Amount {
  readonly amount: Decimal;
  readonly units: string;
}

/** How an action names its bucket (TMF654: bucket, else product, logicalResource, account or party). */
export type Locator =
  | { kind: 'bucket'; bucketId: string }
  | { kind: 'match'; conditions: readonly (readonly Containment[])[]; usageType: string | undefined; units: string };

/** One alternative of a condition: the bucket's attribute contains this JSON. */
export interface Containment {
  readonly attribute: 'product' | 'logicalResource' | 'partyAccount' | 'relatedParty';
  readonly json: string;
}

interface ActionCommand {
  readonly amount: Amount;
  readonly locator: Locator;
  readonly usageType: string | undefined;
  /** Descriptive attributes, kept with the action as the client gave them. */
  readonly attributes: Plain;
}

export interface TopupCommand extends ActionCommand {
  readonly type: 'topup';
}

export interface AdjustCommand extends ActionCommand {
  readonly type: 'credit' | 'debit';
}

export interface ReserveCommand extends ActionCommand {
  readonly type: 'reserve';
  readonly expirationDate: Date | undefined;
}

/** An adjustBalance of type reservationDebit: consumes up to the reserved amount, returns the rest. */
export interface CommitCommand {
  readonly type: 'commit';
  readonly reservationId: string;
  /** Absent: all that is reserved. */
  readonly amount: Amount | undefined;
  readonly usageType: string | undefined;
  readonly attributes: Plain;
}

/** PATCH of a reservation's status to cancelled: returns all that is reserved. */
export interface ReleaseCommand {
  readonly type: 'release';
  readonly reservationId: string;
  /** Descriptive attributes that the same request changes. */
  readonly changes: Plain;
  readonly ifRevision: number | undefined;
}

export type BalanceCommand = TopupCommand | AdjustCommand | ReserveCommand | CommitCommand | ReleaseCommand;
