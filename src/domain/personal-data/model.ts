import type { PartyErasure } from '../../../prisma/generated/client.js';
import type { JsonObject } from '../../platform/json-object.js';
import type { EventResource } from '../events.js';
import type { WriterDependencies } from '../resource-writer.js';
import type { DomainRow, MappingsOf, ResourceRow, WrittenMapping } from '../row.js';

/** The task of forgetting a party. */
export type ErasureRow = DomainRow<PartyErasure, { account: string[] }>;

/** From the first to the last. */
export const erasureStates = ['inProgress', 'done'] as const;

/** The resources this domain writes as its own. */
export const personalDataResources = ['partyErasure'] as const;

/** Which task a background job continues, and the names that it looks for: they are kept nowhere else, and go with the last job. */
export interface ErasureOrder extends JsonObject {
  tenantId: string;
  erasureId: string;
  names: string[];
}

/** What the domain is built on. */
export interface PersonalDataDependencies extends WriterDependencies {
  readonly mappings: MappingsOf<{ partyErasure: ErasureRow }>;
  /** How the resources of all domains lie in their tables. */
  mappingOf(resource: EventResource): WrittenMapping<string, ResourceRow>;
}
