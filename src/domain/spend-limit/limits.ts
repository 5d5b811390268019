import type { Database } from '../../platform/database/database.js';
import type { Decimal } from '../../platform/decimal.js';
import { requireAmount } from '../amount.js';
import type { RowChanges } from '../changes.js';
import {
  areSameIn,
  invalid,
  isGiven,
  missing,
  requireName,
  toChanges,
  toGiven,
  type ReferenceInput,
} from '../input.js';
import { ResourceWriter } from '../resource-writer.js';
import { beginCursor } from './limits.store.js';
import type { SpendLimitDependencies, SpendLimitRow } from './model.js';

/** The attributes that the rules read; all others are stored as they arrive. */
export interface SpendLimitInput {
  name?: string | null;
  relatedParty?: ReferenceInput | null;
  billingAccount?: ReferenceInput | null;
  period?: string | null;
  amount?: { amount: Decimal; units: string } | null;
}

/** A change of one of these makes another limit of it, which may be reached in the same period once more. */
const measure = ['relatedParty', 'billingAccount', 'period', 'amount'] as const;

/** Limits of what parties and accounts spend: kept by clients; that one is reached is found by the watch. */
export class SpendLimits extends ResourceWriter<'spendLimit', SpendLimitRow, SpendLimitInput> {
  constructor(database: Database, dependencies: SpendLimitDependencies) {
    super(database, dependencies, {
      resource: 'spendLimit',
      mapping: dependencies.mappings.spendLimit,
      fromInput: (input) => {
        check(input);
        return toGiven<SpendLimitRow>(input);
      },
      fromChange: fromSpendLimitChange,
      complete: async (given, { tx, tenantId }) => {
        const row = given as SpendLimitRow;
        requireOneOwner(row);
        await beginCursor(tx, tenantId);
        return row;
      },
      derive: (before, changes) => {
        const after = { ...before, ...changes } as SpendLimitRow;
        requireOneOwner(after);
        return areSameIn(before, after, measure) ? changes : { ...changes, reachedPeriod: null };
      },
    });
  }
}

function fromSpendLimitChange(input: SpendLimitInput): RowChanges<SpendLimitRow> {
  for (const name of ['period', 'amount'] as const) if (input[name] === null) throw invalid(name, 'cannot be removed');
  check(input);
  return toChanges(input);
}

function check({ name, relatedParty, billingAccount, amount }: SpendLimitInput): void {
  if (isGiven(name)) requireName('name', name);
  if (isGiven(relatedParty)) requireName('relatedParty.id', relatedParty.id);
  if (isGiven(billingAccount)) requireName('billingAccount.id', billingAccount.id);
  if (!isGiven(amount)) return;
  requireAmount(amount.amount, 'amount.amount');
  requireName('amount.units', amount.units);
}

function requireOneOwner({ relatedParty, billingAccount }: Partial<SpendLimitRow>): void {
  if (!isGiven(relatedParty) && !isGiven(billingAccount))
    throw missing('relatedParty', 'a limit is of a relatedParty or of a billingAccount');
  if (isGiven(relatedParty) && isGiven(billingAccount))
    throw invalid('billingAccount', 'a limit is either of a relatedParty or of a billingAccount');
}
