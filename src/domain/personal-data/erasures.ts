import type { Database, Transaction } from '../../platform/database/database.js';
import type { Job } from '../../platform/jobs/jobs.js';
import { runInSteps } from '../../platform/jobs/steps.js';
import { toJsonObject, withoutNulls } from '../../platform/json-object.js';
import { isStorable } from '../../platform/storable-text.js';
import type { Answer } from '../../platform/write/command.js';
import { withRetry } from '../../platform/write/retry.js';
import { lockRow } from '../../platform/write/rows.js';
import type { RowChanges, WriteContext } from '../changes.js';
import { invalid, requireName } from '../input.js';
import { ResourceChanges } from '../resource-changes.js';
import { ResourceWriter } from '../resource-writer.js';
import { NAME_LENGTH_MIN, type Forgotten } from './forget.js';
import { PlaceCleaner } from './place-cleaner.js';
import type { RowKey } from './places.store.js';
import { erasureStates, type ErasureOrder, type ErasureRow, type PersonalDataDependencies } from './model.js';
import { places, type Place } from './places.js';

/** Who is to be forgotten, as it is asked for. */
export interface ErasureInput {
  partyId: string;
  account?: string[] | null;
  names?: string[] | null;
}

/** Accounts, and names, of one task. */
const accountsMax = 100;
const namesMax = 20;

const [firstState, lastState] = erasureStates;

/**
 * Forgets parties, in the background: the tables are gone through one after the other by their keys, some rows in each
 * transaction, which also says how far it has come. A task that is cut off goes on from there.
 */
export class PartyErasures extends ResourceWriter<'partyErasure', ErasureRow, ErasureInput> {
  private readonly cleaner: PlaceCleaner;

  constructor(
    database: Database,
    private readonly erasureDependencies: PersonalDataDependencies,
    private readonly job: Job<ErasureOrder>,
  ) {
    super(database, erasureDependencies, {
      resource: 'partyErasure',
      mapping: erasureDependencies.mappings.partyErasure,
      state: 'state',
      fromInput: ({ partyId, account }) => ({ partyId, account: account ?? null }),
      complete: ({ partyId = '', ...given }, { now }) => ({
        ...given,
        partyId,
        state: firstState,
        rows: 0,
        placesDone: 0,
        places: places.length,
        startedAt: now.toISOString(),
      }),
    });
    this.cleaner = new PlaceCleaner(erasureDependencies);
  }

  /** Begins to forget a party; the task says how far it has come. Throws INVALID_ATTRIBUTE. */
  async forget(context: WriteContext, input: ErasureInput): Promise<Answer<ErasureRow>> {
    check(input);
    const asked = withoutNulls(toJsonObject(input));
    const answer = await this.run(context, 'forgetParty', asked, async (writing, changes) => {
      const row = await this.newRow({ partyId: input.partyId, account: input.account ?? null }, writing);
      const { tx, tenantId } = writing;
      await this.job.send({ tenantId, erasureId: row.id, names: input.names ?? [] }, { tx });
      changes.create(this.erasureDependencies.mappings.partyErasure, [row]);
      return { answer: row };
    });
    this.job.wake();
    return answer;
  }

  /** A piece of background work; what is left goes to the next one. */
  work(order: ErasureOrder, signal: AbortSignal): Promise<void> {
    return runInSteps(
      () => withRetry(() => this.database.transaction((tx) => this.step(tx, order))),
      signal,
      this.erasureDependencies.clock,
      () => this.job.send(order),
    );
  }

  /** Goes through the next rows of the present place; answers whether there were none left anywhere. */
  private async step(tx: Transaction, { tenantId, erasureId, names }: ErasureOrder): Promise<boolean> {
    const { mappings, clock, nextId } = this.erasureDependencies;
    const task = await lockRow(tx, mappings.partyErasure, tenantId, erasureId);
    if (task?.state !== firstState) return true;
    const now = clock.now();
    const changes = new ResourceChanges({ tx, tenantId, now }, nextId);
    const place = places[task.placesDone];
    if (place === undefined) {
      this.advance(changes, task, { state: lastState, place: null, lastKey: null, endedAt: now.toISOString() });
      await changes.flush();
      return true;
    }
    const who: Forgotten = { party: task.partyId, accounts: task.account ?? [], names };
    const { rows, last } = await this.cleaner.clean({ tx, tenantId, now }, place, who, reachedBy(task, place));
    if (last === undefined)
      this.advance(changes, task, { placesDone: task.placesDone + 1, place: null, lastKey: null });
    else {
      // Not worth a version: only that it goes on from there matters.
      const progress = { rows: task.rows + rows, place: place.table, lastKey: JSON.stringify(last) };
      changes.replace(mappings.partyErasure, { ...task, ...progress }, Object.keys(progress));
    }
    await changes.flush();
    return false;
  }

  private advance(changes: ResourceChanges, task: ErasureRow, set: RowChanges<ErasureRow>): void {
    changes.update(this.erasureDependencies.mappings.partyErasure, task, set, {
      state: 'state',
      followsState: ['endedAt', 'place', 'lastKey'],
    });
  }
}

/** Another version of the server may have counted the places otherwise: then the place begins anew. */
function reachedBy({ place, lastKey }: ErasureRow, { table }: Place): RowKey | undefined {
  return place === table && typeof lastKey === 'string' ? (JSON.parse(lastKey) as RowKey) : undefined;
}

function check({ partyId, account, names }: ErasureInput): void {
  requireName('id', partyId);
  if ((account?.length ?? 0) > accountsMax) throw invalid('accounts', `has more than ${accountsMax} elements`);
  for (const [index, one] of (account ?? []).entries()) requireName(`accounts.${index}`, one);
  if ((names?.length ?? 0) > namesMax) throw invalid('names', `has more than ${namesMax} elements`);
  for (const [index, one] of (names ?? []).entries()) {
    requireName(`names.${index}`, one);
    if (one.trim().length < NAME_LENGTH_MIN || !isStorable(one))
      throw invalid(
        `names.${index}`,
        `must have at least ${NAME_LENGTH_MIN} characters: shorter ones are in every text`,
      );
  }
}
