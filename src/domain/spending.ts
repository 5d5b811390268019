import type { Queries } from '../platform/write/rows.js';

// What the domains that know of spending tell each other about it.

/** Whose spending is meant. */
export interface Spender {
  readonly tenantId: string;
  readonly parties: readonly string[];
  readonly accounts: readonly string[];
  /** Roles in which a relatedParty owns. */
  readonly partyRoles: readonly string[];
}

/** From its start, which belongs to it, to its end, which does not. */
export interface Span {
  readonly start: Date;
  readonly end: Date;
}

/** A decimal in these units. */
export interface Spent {
  readonly units: string;
  readonly amount: string;
}

/** What somebody has spent in a span, by units, as one domain knows it. */
export type SpendSource = (queries: Queries, spender: Spender, span: Span) => Promise<readonly Spent[]>;
