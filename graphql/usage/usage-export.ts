import { Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import type { Context } from '../context.js';
import { Read } from '../plan/field-read.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { JobStateType } from './enums.js';

@Resource({
  table: 'UsageExport',
  indexes: { orders: ['status', 'creationDate'] },
  description:
    'TMF635 ExportJob: usages that are handed out as a file. The task says which; its bytes are made when they are fetched from url, as often as they are. On PostgreSQL a file shows all usages as they are at one instant; on the embedded database those that are there when it begins, each as it is when its turn comes.',
})
export class UsageExport extends ExtensibleResource {
  @Attribute(() => JobStateType, {
    required: true,
    create: 'optional',
    description:
      'notStarted, running, succeeded or failed: how the last download went. A failed one was cut off; fetch the file again.',
  })
  status: string;

  @Attribute(() => String, {
    required: true,
    create: 'optional',
    description:
      'Which usages, as a filter in the query string of TMF REST, e.g. status=rated&relatedParty.id=customer-1; none: all.',
  })
  query: string;

  @Attribute(() => String, {
    required: true,
    create: 'optional',
    description:
      'application/x-ndjson (when not given): one usage in TMF JSON per line. text/csv: a header row of dotted TMF paths, characteristics as usageCharacteristic.<name>, as an import takes it.',
  })
  contentType: string;

  @Attribute(() => DateTime, { required: true, description: 'When the task was made.' })
  creationDate: Date;

  @Attribute(() => DateTime, { description: 'When the last download succeeded or failed.' })
  completionDate?: Date;

  @Attribute(() => Int, { required: true, description: 'Usages sent by the last download so far.' })
  lines: number;

  @Attribute(() => String, { description: 'Why the last download failed.' })
  errorLog?: string;
}

@Resolver(() => UsageExport)
class UsageExportAddress {
  @Read({ kind: 'address', target: UsageExport, suffix: '/content' })
  @FieldResolver(() => String, {
    description: 'Where the bytes are fetched by GET: to one client at a time, for at most 10 minutes.',
  })
  url(@Root() { id }: UsageExport, @Ctx() context: Context): string {
    return `${context.href(UsageExport.name, id)}/content`;
  }
}

export const usageExport: ResourceModule = {
  resolvers: [
    ...resourceResolvers(UsageExport, {
      create: {
        description:
          'Makes a task whose file is then fetched from its url. Errors: INVALID_ATTRIBUTE, INVALID_QUERY (the query cannot be read, or is more than a filter).',
        call: ({ usage: domain }, write, input) => domain.exports.create(write, input),
      },
      delete: {
        description: 'Deletes a task that is not running. Errors: NOT_FOUND, CONFLICT.',
        call: ({ usage: domain }, write, id, ifRevision) => domain.exports.delete(write, id, ifRevision),
      },
    }),
    UsageExportAddress,
  ],
};
