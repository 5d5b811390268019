import type { Database } from '../../platform/database/database.js';
import type { Job } from '../../platform/jobs/jobs.js';
import { PartyErasures } from './erasures.js';
import type { ErasureOrder, PersonalDataDependencies } from './model.js';

export { personalDataResources, type ErasureOrder } from './model.js';

/** What is done with what is known of people, whatever resource tells it. */
export interface PersonalDataDomain {
  readonly erasures: PartyErasures;
}

/** Builds the domain. */
export function createPersonalData(
  database: Database,
  dependencies: PersonalDataDependencies,
  jobs: { readonly forgetParty: Job<ErasureOrder> },
): PersonalDataDomain {
  return { erasures: new PartyErasures(database, dependencies, jobs.forgetParty) };
}
