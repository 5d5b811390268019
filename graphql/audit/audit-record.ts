import { ID } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { readResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';

@Resource({
  table: 'AuditRecord',
  indexes: { orders: ['at'], values: ['principalId'] },
  description:
    'What somebody did or tried, kept where AUDIT is on: every write with what came of it, and what people read of others. Never changed; forgotten after AUDIT_DAYS.',
})
export class AuditRecord {
  @Attribute(() => ID, { required: true, description: 'Id, a ULID given by the server: in the order of time.' })
  id: string;

  @Attribute(() => DateTime, { required: true, description: 'When.' })
  at: Date;

  @Attribute(() => String, { required: true, description: 'Who: the id of a principal of the tenant.' })
  principalId: string;

  @Attribute(() => String, { required: true, description: 'person, machine, system or anonymous.' })
  principalKind: string;

  @Attribute(() => String, { description: 'Id of the API key, where one was used.' })
  keyId?: string;

  @Attribute(() => String, {
    required: true,
    description:
      'From where: the address of the client, of IPv6 its /64 network. Of proxies only TRUSTED_PROXIES are believed.',
  })
  address: string;

  @Attribute(() => String, { required: true, description: 'The X-Request-Id of the request.' })
  requestId: string;

  @Attribute(() => String, { required: true, description: 'rest, graphql or file.' })
  transport: string;

  @Attribute(() => String, {
    required: true,
    description:
      'What was asked for: a field of Query or Mutation, e.g. createTopupBalance, whatever the transport; of files, and of requests that were refused before that, method and path.',
  })
  operation: string;

  @Attribute(() => String, { description: 'What it was about, e.g. topupBalance.' })
  resourceType?: string;

  @Attribute(() => [ID], { description: 'And which: the first 100 ids.' })
  resourceIds?: string[];

  @Attribute(() => String, {
    required: true,
    description:
      'done; refused (by a rule or for lack of a right); failed (the server could not); begun (a file whose transfer began: another record tells how it ended).',
  })
  outcome: string;

  @Attribute(() => String, { description: 'Code of the error that it ended with.' })
  code?: string;

  @Attribute(() => String, {
    description: 'The error in words, or what a read asked for; at most 500 characters.',
  })
  detail?: string;
}

export const auditRecord: ResourceModule = { resolvers: readResolvers(AuditRecord) };
