import { resourceNamed } from '../../../graphql/attribute.js';
import { toAttribute } from '../../../graphql/naming.js';
import { storedNames } from '../../../graphql/stored-names.js';
import { attributeTypesOf, mappingsOf } from '../../../graphql/resource-mapping.js';
import { apis } from '../../../rest-compat/apis/index.js';
import { inputReader } from '../../../rest-compat/body/input-reader.js';
import { itemPages } from '../../../rest-compat/item-pages.js';
import type { Charges } from '../../domain/prepay-balance/index.js';
import {
  createUsage,
  usageResources,
  type ImportFigures,
  type MoveOrder,
  type UsageDomain,
  type UsageInput,
} from '../../domain/usage/index.js';
import { figuresBy, type Figure } from '../../platform/figures.js';
import { invalid } from '../../domain/input.js';
import { URL_LENGTH_MAX } from '../../../rest-compat/limits.js';
import type { StreamRoute } from '../../streaming/routes.js';
import { usageFileTypes } from '../../streaming/usage-file-types.js';
import { exportRoutes } from '../../streaming/usage-export/download.js';
import { importRoutes } from '../../streaming/usage-import/upload.js';
import { forgetting, keepPartitions, steppedJobSettings } from '../jobs.js';
import { toRefusal } from '../refusal.js';
import { readsOf } from '../snapshot-reads.js';
import { contextWith } from '../../../graphql/context.js';
import type { AppContext, StreamDependencies, DomainModule } from '../app-context.js';
import type { TenantFacts } from './tenancy.js';

/** `charges` is what usages consume prepay buckets by. */
export function createUsageModule(
  appContext: AppContext,
  { zoneOf }: TenantFacts,
  charges: Charges,
): DomainModule<UsageDomain> {
  const { config, database, clock, nextId, extensions, jobs, schema, executor, logger } = appContext;
  const pages = itemPages({
    schema,
    typeName: 'Usage',
    extensionAttributes: extensions.attributes,
    read: executor.read,
  });
  const dependencies = {
    clock,
    nextId,
    extensions,
    mappings: mappingsOf(usageResources),
    zoneOf,
    charges,
    contentTypes: usageFileTypes,
    checkQuery: (query: string) => {
      if (query.length > URL_LENGTH_MAX)
        throw invalid('query', `is longer than the limit URL_LENGTH_MAX of ${URL_LENGTH_MAX} characters`);
      pages.filterOf(query);
    },
  };
  const domain: UsageDomain = createUsage(database, dependencies, {
    moveImport: jobs.define<MoveOrder>(
      'move-usage-import',
      (order, { signal }) => domain.imports.move(order, signal),
      steppedJobSettings,
    ),
  });

  const readUsage = inputReader(schema, apis, 'Usage');
  const underStoredNames = storedNames(schema, 'UsageCreate');
  const streams = ({ contextOf, stopping }: StreamDependencies): StreamRoute[] => [
    ...importRoutes({
      stopping,
      pace: { bytesPerSecond: config.bodyBytesPerSecondMin, windowMs: config.bodySlowMs },
      perClientMax: config.uploadsPerClientMax,
      imports: domain.imports,
      readUsage: (body) => underStoredNames(readUsage(body)) as UsageInput,
      columns: { attributes: attributeTypesOf(resourceNamed('usage')), toAttribute },
    }),
    ...exportRoutes({
      database,
      exports: domain.exports,
      openItems: ({ request, response }, query, reads) => {
        const filter = pages.filterOf(query);
        const context = contextWith(contextOf(request, response, 'file'), {
          reads: readsOf(reads, config),
        });
        return (range) =>
          pages
            .read(filter, range, contextWith(context, { limits: { ...context.limits, pageSizeMax: range.limit } }))
            .catch((error: unknown) => {
              throw toRefusal(error, appContext.logger);
            });
      },
    }),
  ];

  return {
    domain,
    figures: { shared: async () => figuresOf(await domain.importFigures()) },
    repeatingWork: [
      keepPartitions(appContext),
      {
        name: 'look-after-usage-imports',
        everySeconds: 60,
        expireInSeconds: 300,
        run: ({ signal }) => domain.imports.supervise(signal),
      },
      {
        name: 'end-silent-usage-exports',
        everySeconds: 60,
        expireInSeconds: 300,
        run: ({ signal }) => domain.exports.endSilent(signal),
      },
      forgetting('forget-usage-imports', config.taskDays, clock, (before, signal) =>
        domain.imports.forget(before, signal),
      ),
      forgetting('forget-usage-exports', config.taskDays, clock, (before, signal) =>
        domain.exports.forget(before, signal),
      ),
    ],
    streams,
    start: () =>
      void domain.imports.resume().catch((error: unknown) => logger.warn({ err: error }, 'imports are resumed later')),
  };
}

function figuresOf(all: readonly ImportFigures[]): Figure[] {
  const gauge = { kind: 'gauge' } as const;
  const [running] = all.filter(({ status }) => status === 'running');
  const counts = { running: 0, ...Object.fromEntries(all.map(({ status, imports }) => [status, imports])) };
  const sum = (of: 'accepted' | 'duplicates' | 'rejected'): number => all.reduce((total, one) => total + one[of], 0);
  const lines = { accepted: sum('accepted'), duplicate: sum('duplicates'), rejected: sum('rejected') };
  return [
    ...figuresBy({ ...gauge, name: 'usage_imports', help: 'Imports of usages that are kept.' }, 'status', counts),
    ...figuresBy({ ...gauge, name: 'usage_import_lines', help: 'Lines of these imports.' }, 'outcome', lines),
    {
      ...gauge,
      name: 'usage_import_age_seconds',
      help: 'Since the oldest import that is running began.',
      value: running?.ageSeconds ?? 0,
    },
    {
      ...gauge,
      name: 'usage_import_silent_seconds',
      help: 'Since the import that is running and silent for longest went on.',
      value: running?.silentSeconds ?? 0,
    },
  ];
}
