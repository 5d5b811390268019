import type { Database } from '../../platform/database/database.js';
import type { Job } from '../../platform/jobs/jobs.js';
import { UsageAggregates } from './aggregates.js';
import { UsageExports } from './export/exports.js';
import { readImportFigures, type ImportFigures } from './import/figures.store.js';
import { UsageImports } from './import/imports.js';
import { ImportTasks, type MoveOrder } from './import/tasks.js';
import { createUsageSpecifications } from './specifications.js';
import type { UsageDependencies } from './model.js';
import { Usages } from './usages.js';

export { USAGE_GROUPS_MAX, type RatedTotal, type UsageGroup } from './aggregates.js';
export { deleteArchivedUsages, dropArchivedUsages, putBackUsages, readFinishedUsages } from './archive.store.js';
export { exportMaxMs, type ExportRun, type UsageExports } from './export/exports.js';
export type { UsageImports } from './import/imports.js';
export type { MoveOrder } from './import/tasks.js';
export type { ImportFigures } from './import/figures.store.js';
export type { Upload } from './import/upload.js';
export { ratedUsageOf } from './spending.store.js';
export type { UsageInput } from './usage-input.js';
export { usageGroupings, usageResources, type UsageGrouping, type UsageRow } from './model.js';

/** What the domain does in the background. */
export interface UsageJobs {
  readonly moveImport: Job<MoveOrder>;
}

/** The usage domain: what the GraphQL resolvers of TMF635 call. */
export interface UsageDomain {
  readonly usages: Usages;
  readonly specifications: ReturnType<typeof createUsageSpecifications>;
  readonly aggregates: UsageAggregates;
  readonly imports: UsageImports;
  readonly exports: UsageExports;
  importFigures(): Promise<ImportFigures[]>;
}

/** Builds the domain. */
export function createUsage(database: Database, dependencies: UsageDependencies, jobs: UsageJobs): UsageDomain {
  return {
    usages: new Usages(database, dependencies),
    specifications: createUsageSpecifications(database, dependencies),
    aggregates: new UsageAggregates(database, dependencies.mappings.usage, dependencies.zoneOf),
    imports: new UsageImports(new ImportTasks(database, dependencies, jobs.moveImport)),
    exports: new UsageExports(database, dependencies),
    importFigures: () => readImportFigures(database),
  };
}
