import { Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import type { Context } from '../context.js';
import { Read } from '../plan/field-read.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { JobStateType } from './enums.js';

@Resource({
  table: 'UsageImport',
  indexes: { orders: ['status', 'creationDate'] },
  description:
    'TMF635 ImportJob: a file of usages that is taken over. Its bytes are sent to uploadUrl, or at once: a POST to this collection of TMF REST whose body is the file, as application/x-ndjson or text/csv, plain or gzip, with ?mode=, makes the task and takes the file. Every line is checked as a created usage is, and those that can be taken are moved in the background.',
})
export class UsageImport extends ExtensibleResource {
  @Attribute(() => JobStateType, {
    required: true,
    create: 'optional',
    description:
      'notStarted, running, succeeded or failed. A failed import whose upload broke off goes on when the same file is sent again.',
  })
  status: string;

  @Attribute(() => String, {
    required: true,
    create: 'optional',
    description:
      'skipBad (when not given): lines that cannot be taken are reported, the others are taken. allOrNothing: one such line, and none is taken.',
  })
  mode: string;

  @Attribute(() => String, {
    required: true,
    create: 'optional',
    description:
      'application/x-ndjson (when not given): one usage in JSON per line. text/csv: a header row of dotted TMF paths, characteristics as usageCharacteristic.<name>.',
  })
  contentType: string;

  @Attribute(() => DateTime, { required: true, description: 'When the task was made.' })
  creationDate: Date;

  @Attribute(() => DateTime, { description: 'When it succeeded or failed.' })
  completionDate?: Date;

  @Attribute(() => Int, {
    required: true,
    description: 'Lines received so far; the header row and empty lines are not counted.',
  })
  lines: number;

  @Attribute(() => Int, { required: true, description: 'Lines that became a usage so far.' })
  accepted: number;

  @Attribute(() => Int, {
    required: true,
    description: 'Lines so far whose usage was there already, under its externalId and source and with the same data.',
  })
  duplicates: number;

  @Attribute(() => Int, { required: true, description: 'Lines refused so far; errorLog says which and why.' })
  rejected: number;

  @Attribute(() => Int, { description: 'Lines per second since the upload began.' })
  linesPerSecond?: number;

  @Attribute(() => String, { description: 'Why it failed.' })
  message?: string;
}

@Resolver(() => UsageImport)
class UsageImportAddresses {
  @Read({ kind: 'address', target: UsageImport, suffix: '/content' })
  @FieldResolver(() => String, {
    description:
      'Where the bytes go: PUT or POST, with the contentType of the task, as they are or with Content-Encoding gzip.',
  })
  uploadUrl(@Root() { id }: UsageImport, @Ctx() context: Context): string {
    return `${context.href(UsageImport.name, id)}/content`;
  }

  @Read({ kind: 'address', target: UsageImport, suffix: '/content' })
  @FieldResolver(() => String, { description: 'The same address under the name TMF has for it.' })
  url(@Root() task: UsageImport, @Ctx() context: Context): string {
    return this.uploadUrl(task, context);
  }

  @Read({ kind: 'address', target: UsageImport, suffix: '/errorLog' })
  @FieldResolver(() => String, {
    description:
      'Report of the refused lines, as application/x-ndjson: line, code and message of each; of more than 10,000 the first.',
  })
  errorLog(@Root() { id }: UsageImport, @Ctx() context: Context): string {
    return `${context.href(UsageImport.name, id)}/errorLog`;
  }
}

export const usageImport: ResourceModule = {
  resolvers: [
    ...resourceResolvers(UsageImport, {
      create: {
        description: 'Makes a task whose file is then sent to its uploadUrl. Errors: INVALID_ATTRIBUTE.',
        call: ({ usage: domain }, write, input) => domain.imports.create(write, input),
      },
      delete: {
        description:
          'Deletes a task that is not running, and its report; the usages stay. Errors: NOT_FOUND, CONFLICT.',
        call: ({ usage: domain }, write, id, ifRevision) => domain.imports.delete(write, id, ifRevision),
      },
    }),
    UsageImportAddresses,
  ],
};
