import { resourceNamed } from '../../../graphql/attribute.js';
import { mappingOf } from '../../../graphql/resource-mapping.js';
import { createDirectory, type Directory } from '../../domain/customer-directory/index.js';
import type { Database } from '../../platform/database/database.js';
import { lowerFirst } from '../../platform/letter-case.js';
import type { AppContext, DomainModule } from '../app-context.js';

export function createDirectoryModule({ database }: AppContext): DomainModule<Directory> {
  const domain = directoryOf(database);
  return { domain, backfills: [domain.filling] };
}

/** The directory in a database. */
export function directoryOf(database: Database): Directory {
  return createDirectory(database, (resource) => mappingOf(resourceNamed(lowerFirst(resource))));
}
