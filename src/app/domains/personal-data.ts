import { resourceNamed } from '../../../graphql/attribute.js';
import { contextWith, type Context } from '../../../graphql/context.js';
import { mappingOf, mappingsOf } from '../../../graphql/resource-mapping.js';
import { readingOf } from '../../../graphql/rights/operations.js';
import { itemPages, type ItemPages } from '../../../rest-compat/item-pages.js';
import type { EventResource } from '../../domain/events.js';
import {
  createPersonalData,
  personalDataResources,
  type DataSubject,
  type ErasureOrder,
  type PersonalDataDomain,
} from '../../domain/personal-data/index.js';
import type { ResourceRow, WrittenMapping } from '../../domain/row.js';
import { abbreviated, DomainError } from '../../platform/errors.js';
import { upperFirst } from '../../platform/letter-case.js';
import { partyDataRoutes, type ReadResources } from '../../streaming/party-data/routes.js';
import { steppedJobSettings } from '../jobs.js';
import { toRefusal } from '../refusal.js';
import { readsOf } from '../snapshot-reads.js';
import type { AppContext, DomainModule } from '../app-context.js';

export function createPersonalDataModule(appContext: AppContext): DomainModule<PersonalDataDomain> {
  const { config, database, clock, nextId, extensions, jobs, logger } = appContext;
  const domain: PersonalDataDomain = createPersonalData(
    database,
    {
      clock,
      nextId,
      extensions,
      mappings: mappingsOf(personalDataResources),
      mappingOf: (resource) => mappingOf(resourceNamed(resource)) as WrittenMapping<string, ResourceRow>,
    },
    {
      forgetParty: jobs.define<ErasureOrder>(
        'forget-party',
        (order, { signal }) => domain.erasures.work(order, signal),
        steppedJobSettings,
      ),
    },
  );
  const pagesOf = pagesOfResources(appContext, domain.heldResources);
  const reading = (context: Context): ReadResources => {
    return async (resource, ids) => {
      const pages = pagesOf(resource);
      const filter = pages.filterOf(`id=${ids.map(encodeURIComponent).join(',')}`);
      const texts: string[] = [];
      let after: string | undefined;
      do {
        const range = { limit: ids.length, after, upTo: ids.at(-1) ?? '' };
        const { items, next } = await pages.read(filter, range, context).catch((error: unknown) => {
          throw toRefusal(error, logger);
        });
        texts.push(...items);
        after = next;
      } while (after !== undefined);
      return texts;
    };
  };
  return {
    domain,
    streams: ({ contextOf, partyRoles }) =>
      partyDataRoutes({
        database,
        domain,
        partyRoles,
        requireSubject: ({ request, response }, whose) =>
          requireSubject(contextOf(request, response, 'file'), whose, domain.heldResources),
        openResources: ({ request, response }, reads) =>
          reading(contextWith(contextOf(request, response, 'file'), { reads: readsOf(reads, config) })),
      }),
  };
}

/** A file that left out what its reader may not read would look complete. */
function requireSubject(
  { access: { rights }, principal }: Context,
  { party, accounts }: DataSubject,
  resources: readonly EventResource[],
): void {
  const { rows } = rights.require('party:readData');
  for (const resource of resources) rights.require(readingOf(resource));
  const isOwn = principal.parties.includes(party) && accounts.every((id) => principal.accounts.includes(id));
  if (rows !== 'all' && !isOwn) throw new DomainError('NOT_FOUND', `party '${abbreviated(party)}' does not exist`);
}

/** Pages of each resource, made when they are first read. */
function pagesOfResources(
  { schema, extensions, executor }: AppContext,
  resources: readonly EventResource[],
): (resource: EventResource) => ItemPages {
  const known = new Map<EventResource, ItemPages>();
  return (resource) => {
    if (!resources.includes(resource)) throw new Error(`${resource} is not held about anybody`);
    const pages =
      known.get(resource) ??
      itemPages({
        schema,
        typeName: upperFirst(resource),
        extensionAttributes: extensions.attributes,
        read: executor.read,
      });
    known.set(resource, pages);
    return pages;
  };
}
