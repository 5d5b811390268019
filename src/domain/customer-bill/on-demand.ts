import type { Database } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import type { Job } from '../../platform/jobs/jobs.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import type { WriteContext } from '../changes.js';
import { invalid, isGiven, missing, requireName } from '../input.js';
import { ResourceWriter } from '../resource-writer.js';
import { requireTransition } from '../transitions.js';
import type { Reference } from './bill-input.js';
import type { OnDemandOrder } from './run/on-demand-work.js';
import type { CustomerBillDependencies } from './dependencies.js';
import { onDemandTransitions } from './transitions.js';

const firstState = 'inProgress';

/** What the domain looks at; everything else is kept as it comes. */
export interface OnDemandInput {
  state?: string | null;
  billingAccount?: Reference | null;
  relatedParty?: Reference | null;
  bucket?: Reference | null;
}

/** TMF678 requests for a bill out of turn: tasks that the background fulfils, and that a client may describe and withdraw. */
export class OnDemands extends ResourceWriter<OnDemandInput> {
  constructor(
    database: Database,
    dependencies: CustomerBillDependencies,
    private readonly job: Job<OnDemandOrder>,
  ) {
    super(database, dependencies, {
      resource: 'customerBillOnDemand',
      mapping: dependencies.mappings.customerBillOnDemand,
      state: 'state',
      stamps: ['lastUpdate'],
      begins: { attribute: 'state', allowed: [firstState] },
      fromInput: fromOnDemandInput,
      fromChange: fromOnDemandChange,
      complete: async (given, { tx, tenantId }) => {
        await job.send({ tenantId, id: String(given['id']) }, { tx });
        return given;
      },
      derive: (before, changes) => {
        if (typeof changes['state'] === 'string') {
          requireTransition(
            onDemandTransitions,
            `customerBillOnDemand '${String(before['id'])}'`,
            String(before['state']),
            changes['state'],
            'state',
          );
        }
        return changes;
      },
      release: requireFinal,
    });
  }

  override async create(context: WriteContext, input: OnDemandInput): Promise<Answer> {
    const answer = await super.create(context, input);
    this.job.wake();
    return answer;
  }

  override async createMany(context: WriteContext, inputs: readonly OnDemandInput[]): Promise<Answer> {
    const answer = await super.createMany(context, inputs);
    this.job.wake();
    return answer;
  }
}

function fromOnDemandInput(input: OnDemandInput): JsonObject {
  if (!isGiven(input.billingAccount) && !isGiven(input.relatedParty)) {
    throw missing('billingAccount', 'a bill is asked for a billingAccount or a relatedParty');
  }
  for (const name of ['billingAccount', 'relatedParty', 'bucket'] as const) {
    const id = input[name]?.id;
    if (isGiven(id)) requireName(`${name}.id`, id);
  }
  return withoutNulls({ ...toJsonObject(input), state: firstState });
}

/** The changes of a PATCH: null removes. */
function fromOnDemandChange(input: OnDemandInput): JsonObject {
  const { state } = input;
  if (state === null) throw invalid('state', 'cannot be removed');
  if (state !== undefined && !Object.hasOwn(onDemandTransitions, state)) {
    throw invalid('state', `must be one of ${Object.keys(onDemandTransitions).join(', ')}: '${abbreviated(state)}'`);
  }
  return toJsonObject(input);
}

function requireFinal({ id, state }: JsonObject): void {
  if (state === 'inProgress') {
    throw new DomainError(
      'CONFLICT',
      `customerBillOnDemand '${String(id)}' is in progress: withdraw it (state terminatedWithError) before deleting it`,
      { path: 'state' },
    );
  }
}
