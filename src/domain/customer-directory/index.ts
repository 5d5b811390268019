import { forgetBackfill, type Backfill } from '../../platform/database/backfills.js';
import type { Database } from '../../platform/database/database.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { fillingDirectory } from './backfill.js';
import { truncate } from './directory.store.js';
import { namings } from './places.js';

export { accountsBeside, partiesOfAccounts, writesOfNames, type PartyOfAccount } from './directory.store.js';
export { Names } from './names.js';
export { namesSomebody, namingAttributes } from './places.js';

/** The directory of parties, accounts and logical resources. Whoever writes rows that name them keeps it (Names). */
export interface Directory {
  /** What fills it, once, with all that there is. */
  readonly filling: Backfill;
  /** Empties it; then `filling` has to be done again. */
  empty(): Promise<void>;
}

/** As the filling is remembered in the database. */
const filling = 'directory';

/** @param mappingOf how a resource is stored, by its name */
export function createDirectory(database: Database, mappingOf: (resource: string) => ResourceMapping): Directory {
  return {
    filling: fillingDirectory(filling, Object.keys(namings).map(mappingOf)),
    empty: () =>
      database.transaction(async (tx) => {
        await truncate(tx);
        await forgetBackfill(tx, filling);
      }),
  };
}
