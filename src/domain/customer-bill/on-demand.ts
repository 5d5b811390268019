import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import type { Job } from '../../platform/jobs/jobs.js';
import { systemPrincipalId } from '../../platform/principal.js';
import type { WriteGuard } from '../../platform/rights/guard.js';
import type { Answer } from '../../platform/write/command.js';
import { deleteOutdated } from '../../platform/write/forget.js';
import type { RowChanges, WriteContext } from '../changes.js';
import { invalid, isGiven, missing, requireName, toChanges, toGiven, type ReferenceInput } from '../input.js';
import { ResourceWriter } from '../resource-writer.js';
import { requireTransition } from '../transitions.js';
import type { CustomerBillDependencies, OnDemandRow } from './model.js';
import type { OnDemandOrder } from './run/on-demand-work.js';
import { findOldRequests } from './on-demand.store.js';
import { firstOnDemandState, onDemandTransitions } from './transitions.js';

/** The attributes that the rules read; all others are stored as they arrive. */
export interface OnDemandInput {
  state?: string | null;
  billingAccount?: ReferenceInput | null;
  relatedParty?: ReferenceInput | null;
  bucket?: ReferenceInput | null;
}

/** TMF678 requests for a bill out of turn: tasks that the background fulfils, and that a client may describe and withdraw. */
export class OnDemands extends ResourceWriter<
  'customerBillOnDemand',
  OnDemandRow,
  OnDemandInput,
  ReturnType<typeof fromOnDemandInput>
> {
  constructor(
    database: Database,
    dependencies: CustomerBillDependencies,
    private readonly job: Job<OnDemandOrder>,
  ) {
    super(database, dependencies, {
      resource: 'customerBillOnDemand',
      mapping: dependencies.mappings.customerBillOnDemand,
      state: 'state',
      begins: { attribute: 'state', allowed: [firstOnDemandState] },
      fromInput: fromOnDemandInput,
      fromChange: fromOnDemandChange,
      complete: async (given, { tx, tenantId, guard }) => {
        if (guard?.isOwnOnly) requireOwnAccount(guard, given);
        await job.send({ tenantId, id: given.id }, { tx });
        return given;
      },
      derive: (before, changes) => {
        if (typeof changes.state === 'string')
          requireTransition(
            onDemandTransitions,
            `customerBillOnDemand '${before.id}'`,
            before.state,
            changes.state,
            'state',
          );
        return changes;
      },
      release: requireFinal,
    });
  }

  override async create(context: WriteContext, input: OnDemandInput): Promise<Answer<OnDemandRow>> {
    const answer = await super.create(context, input);
    this.job.wake();
    return answer;
  }

  override async createMany(
    context: WriteContext,
    inputs: readonly OnDemandInput[],
  ): Promise<Answer<{ items: OnDemandRow[] }>> {
    const answer = await super.createMany(context, inputs);
    this.job.wake();
    return answer;
  }

  /** Deletes requests that ended before that; the bills stay. */
  forget(before: Date, signal: AbortSignal): Promise<number> {
    return deleteOutdated(
      (after, limit) => findOldRequests(this.database, before, after, limit),
      ({ tenantId, id }) => this.delete({ tenantId, principalId: systemPrincipalId }, id),
      signal,
    );
  }
}

function fromOnDemandInput(input: OnDemandInput): Partial<OnDemandRow> & Pick<OnDemandRow, 'state'> {
  if (!isGiven(input.billingAccount) && !isGiven(input.relatedParty)) {
    throw missing('billingAccount', 'a bill is asked for a billingAccount or a relatedParty');
  }
  for (const name of ['billingAccount', 'relatedParty', 'bucket'] as const) {
    const id = input[name]?.id;
    if (isGiven(id)) requireName(`${name}.id`, id);
  }
  return { ...toGiven<OnDemandRow>(input), state: firstOnDemandState };
}

/** The changes of a PATCH: null removes. */
function fromOnDemandChange(input: OnDemandInput): RowChanges<OnDemandRow> {
  const { state } = input;
  if (state === null) throw invalid('state', 'cannot be removed');
  return toChanges(input);
}

/**
 * Who may only bill what is its own names an account of its own: a party is billed for all that names it, in whatever role, and a
 * bucket for all that moved it. Whose the account is, the writer compares. Throws FORBIDDEN.
 */
function requireOwnAccount({ operation }: WriteGuard, { billingAccount, bucket }: Partial<OnDemandRow>): void {
  if (!isGiven(billingAccount))
    throw new DomainError('FORBIDDEN', `the right ${operation} is only given for a billingAccount that is yours`, {
      path: 'billingAccount',
    });
  if (isGiven(bucket))
    throw new DomainError('FORBIDDEN', `the right ${operation} is not given for what a bucket was charged`, {
      path: 'bucket',
    });
}

function requireFinal({ id, state }: OnDemandRow): void {
  if (state === firstOnDemandState) {
    throw new DomainError(
      'CONFLICT',
      `customerBillOnDemand '${id}' is in progress: withdraw it (state terminatedWithError) before deleting it`,
      { path: 'state' },
    );
  }
}
