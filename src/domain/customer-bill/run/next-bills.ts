import DataLoader from 'dataloader';
import type { Database } from '../../../platform/database/database.js';
import { DomainError } from '../../../platform/errors.js';
import { limitExceeded } from '../../../platform/limits.js';
import { asTheyStand } from '../../../platform/write/rows.js';
import { accountsBeside } from '../../customer-directory/index.js';
import type { BillRow, CustomerBillDependencies } from '../model.js';
import { findUnbilledOfAll, type UnbilledAccount } from '../rates.store.js';
import { draftBills } from './billing.js';

/** Charges that a preview adds up of one account, and of several at a time. */
export const NEXT_BILL_CHARGES_MAX = 10_000;
/** Accounts of one customer. */
export const NEXT_BILL_ACCOUNTS_MAX = 100;
/** Customers of one batch. */
const customersMax = 100;

/** Whose next bill is asked for. */
export type NextBillOf = 'billingAccount' | 'party' | 'logicalResource';

type Outcome = readonly BillRow[] | DomainError;

/** What the next bills of an account would be, or why there are none. */
export interface AccountOutcome {
  readonly account: string;
  readonly outcome: Outcome;
}

/** What the bills would be that were made now: drafted as a request on demand makes them, of what is read as it stands. Nothing is locked or written. */
export class NextBills {
  private readonly loaders = new Map<string, DataLoader<string, readonly AccountOutcome[]>>();

  constructor(
    private readonly database: Database,
    private readonly dependencies: CustomerBillDependencies,
  ) {}

  /**
   * By account, one for each currency; those that are asked for together are read together. An account with too many charges has
   * INVALID_QUERY, and one that cannot be billed CONFLICT.
   * @throws DomainError INVALID_QUERY, when there are too many accounts
   */
  of(tenantId: string, whose: NextBillOf, id: string): Promise<readonly AccountOutcome[]> {
    const key = `${whose} ${tenantId}`;
    let loader = this.loaders.get(key);
    if (loader === undefined) {
      loader = new DataLoader<string, readonly AccountOutcome[]>((ids) => this.load(tenantId, whose, ids), {
        cache: false,
        maxBatchSize: customersMax,
        batchScheduleFn: (run) =>
          setImmediate(() => {
            this.loaders.delete(key);
            run();
          }),
      });
      this.loaders.set(key, loader);
    }
    return loader.load(id);
  }

  private async load(
    tenantId: string,
    whose: NextBillOf,
    ids: readonly string[],
  ): Promise<(readonly AccountOutcome[] | DomainError)[]> {
    const accounts =
      whose === 'billingAccount'
        ? new Map(ids.map((id) => [id, [id]]))
        : await accountsBeside(this.database, tenantId, whose, { ids, limit: NEXT_BILL_ACCOUNTS_MAX + 1 });
    const asked = [...accounts.values()].filter((own) => own.length <= NEXT_BILL_ACCOUNTS_MAX);
    const outcomes = await this.ofAccounts(tenantId, [...new Set(asked.flat())]);
    return ids.map((id) => {
      const own = accounts.get(id) ?? [];
      if (own.length > NEXT_BILL_ACCOUNTS_MAX) return tooManyAccounts(id);
      return own.map((account) => ({ account, outcome: outcomes.get(account) ?? [] }));
    });
  }

  /** By account. */
  private async ofAccounts(tenantId: string, accounts: readonly string[]): Promise<Map<string, Outcome>> {
    const now = this.dependencies.clock.now();
    // What is dated this very millisecond belongs to them.
    const plan = { before: new Date(now.getTime() + 1), common: {}, parties: [] };
    const outcomes = new Map<string, Outcome>();
    for (const some of batches(await findUnbilledOfAll(this.database, tenantId, accounts, plan.before))) {
      const [first] = some;
      if (first && first.count > NEXT_BILL_CHARGES_MAX) {
        outcomes.set(first.account, tooMany(first));
        continue;
      }
      const { bills, failed } = await draftBills(
        { tenantId, now },
        asTheyStand(this.database),
        this.dependencies,
        some,
        plan,
      );
      for (const { account } of some)
        outcomes.set(
          account,
          bills.filter(({ billingAccount }) => billingAccount?.id === account),
        );
      for (const { account, message } of failed) outcomes.set(account, new DomainError('CONFLICT', message));
    }
    return outcomes;
  }
}

/** As many accounts together as have charges for one batch; one that has more is alone. */
function batches(unbilled: readonly UnbilledAccount[]): UnbilledAccount[][] {
  const result: UnbilledAccount[][] = [];
  let charges = Infinity;
  for (const one of unbilled) {
    charges += one.count;
    const last = result.at(-1);
    if (last && charges <= NEXT_BILL_CHARGES_MAX) last.push(one);
    else {
      result.push([one]);
      charges = one.count;
    }
  }
  return result;
}

function tooManyAccounts(id: string): DomainError {
  return limitExceeded(
    'NEXT_BILL_ACCOUNTS_MAX',
    NEXT_BILL_ACCOUNTS_MAX,
    `'${id}' has more accounts: ask for the next bill of each`,
  );
}

function tooMany({ account, count }: UnbilledAccount): DomainError {
  return limitExceeded(
    'NEXT_BILL_CHARGES_MAX',
    NEXT_BILL_CHARGES_MAX,
    `the account '${account}' has ${count} charges that wait: ask for a dry run of its cycle`,
  );
}
