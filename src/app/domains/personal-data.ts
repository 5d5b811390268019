import { mappingsOf } from '../../../graphql/resource-mapping.js';
import {
  createPersonalData,
  personalDataResources,
  type ErasureOrder,
  type PersonalDataDomain,
} from '../../domain/personal-data/index.js';
import type { EventResource } from '../../domain/events.js';
import type { ResourceRow, WrittenMapping } from '../../domain/row.js';
import { steppedJobSettings } from '../jobs.js';
import type { AppContext, DomainModule } from '../app-context.js';

export function createPersonalDataModule({
  database,
  clock,
  nextId,
  extensions,
  jobs,
}: AppContext): DomainModule<PersonalDataDomain> {
  const domain: PersonalDataDomain = createPersonalData(
    database,
    {
      clock,
      nextId,
      extensions,
      mappings: mappingsOf(personalDataResources),
      mappingOf: (resource: EventResource) =>
        mappingsOf([resource])[resource] as unknown as WrittenMapping<string, ResourceRow>,
    },
    {
      forgetParty: jobs.define<ErasureOrder>(
        'forget-party',
        (order, { signal }) => domain.erasures.work(order, signal),
        steppedJobSettings,
      ),
    },
  );
  return { domain };
}
