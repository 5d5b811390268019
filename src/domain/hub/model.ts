import type { Hub, HubDeadLetter } from '../../../prisma/generated/client.js';
import type { Principal } from '../../platform/principal.js';
import type { WriterDependencies } from '../resource-writer.js';
import type { DomainRow, MappingsOf } from '../row.js';

/** APIs with whose hubs one may register. */
export const hubApis = ['TMF654', 'TMF635', 'TMF678', 'TMF652'] as const;
export type HubApi = (typeof hubApis)[number];

export const deadLetterStates = ['dead', 'waiting'] as const;

type Internal = 'tenantId' | 'signingSecret' | 'previousSecret' | 'previousSecretUntil' | 'subscriber' | 'fingerprint';

/** A registration, as it is read; its secret is told once. */
export type HubRow = DomainRow<Hub, Record<never, never>, Internal> & { secret?: string | null };
export type HubDeadLetterRow = DomainRow<HubDeadLetter>;

/** Who has registered, and the address by which the hrefs in its events begin. */
export type Subscriber = { readonly principal: Principal; readonly origin: string };

/** The resources this domain writes. */
export const hubResources = ['hub', 'hubDeadLetter'] as const;

/** A registration with what it is delivered by. */
export interface Registration {
  readonly tenantId: string;
  readonly id: string;
  readonly api: HubApi | null;
  readonly callback: string;
  readonly query: string | null;
  readonly signingSecret: string;
  /** The one before, as long as deliveries are signed with it, too. */
  readonly previousSecret: string | null;
  readonly subscriber: Subscriber;
}

/** What the domain is built on. */
export interface HubDependencies extends WriterDependencies {
  readonly mappings: MappingsOf<{ hub: HubRow; hubDeadLetter: HubDeadLetterRow }>;
  /** Refuses a callback that can never be called. Throws INVALID_ATTRIBUTE. */
  checkCallback(callback: string): void;
  /** Refuses a query that names what there is not, or what the principal may not see. */
  checkQuery(query: string, api: HubApi | null, principal: Principal): void;
}
