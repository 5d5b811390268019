import type { Database } from '../../platform/database/database.js';
import type { Job } from '../../platform/jobs/jobs.js';
import type { SnapshotReads } from '../../platform/read/snapshot.js';
import type { EventResource } from '../events.js';
import { PartyErasures } from './erasures.js';
import { readHeld, type DataSubject } from './held.store.js';
import { held } from './held.js';
import type { ErasureOrder, PersonalDataDependencies } from './model.js';

export type { DataSubject } from './held.store.js';
export { personalDataResources, type ErasureOrder } from './model.js';

/** What is done with what is known of people, whatever resource tells it. */
export interface PersonalDataDomain {
  readonly erasures: PartyErasures;
  /** Resources of which some may be held about a party, in the order in which they are handed out. */
  readonly heldResources: readonly EventResource[];
  /** Ids of those of a resource that are held about a party, page by page: its own, and what names it in whatever role. */
  heldIds(reads: SnapshotReads, resource: EventResource, whose: DataSubject): AsyncIterable<readonly string[]>;
}

/** Resources that are read in one go. */
const pageRows = 100;

/** Builds the domain. */
export function createPersonalData(
  database: Database,
  dependencies: PersonalDataDependencies,
  jobs: { readonly forgetParty: Job<ErasureOrder> },
): PersonalDataDomain {
  const { mappingOf } = dependencies;
  return {
    erasures: new PartyErasures(database, dependencies, jobs.forgetParty),
    heldResources: held.map(({ resource }) => resource),
    heldIds: async function* (reads, resource, whose) {
      const one = held.find((known) => known.resource === resource);
      if (one === undefined) throw new Error(`${resource} names nobody`);
      for (let after = '', ids: string[] | undefined; ids === undefined || ids.length === pageRows;) {
        ids = await readHeld(reads, mappingOf(resource), one, whose, { after, limit: pageRows });
        after = ids.at(-1) ?? '';
        if (ids.length > 0) yield ids;
      }
    },
  };
}
