import { isStatementTimeout, isPoolTimeout } from '../../platform/database/failures.js';
import type { Database } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { boundRegexWork } from '../../platform/read/regex-work.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { Scope } from '../../platform/read/source.js';
import { invalid, requireName } from '../input.js';
import { selectGroups } from './aggregates.store.js';
import type { AggregateRequest, UsageGrouping } from './model.js';

/** What the usages of one group were rated at in one unit. */
export interface RatedTotal {
  unit: string;
  count: number;
  taxExcludedRatingAmount: number | null;
  taxIncludedRatingAmount: number | null;
}

/** The sums of the usages that have one key. */
export interface UsageGroup extends Partial<Record<UsageGrouping, string | null>> {
  count: number;
  characteristicCount: number;
  characteristicSum: number | null;
  rated: RatedTotal[];
}

/** Groups of one answer. */
export const USAGE_GROUPS_MAX = 1_000;

/** Sums over usages, each by one statement; nothing but the groups leaves the database. */
export class UsageAggregates {
  constructor(
    private readonly database: Database,
    private readonly mapping: ResourceMapping,
    private readonly zoneOf: (tenantId: string) => string,
  ) {}

  /** The groups in the order of their keys. Refusals: INVALID_ATTRIBUTE, INVALID_QUERY. */
  async read(scope: Scope, request: AggregateRequest): Promise<UsageGroup[]> {
    const { groupBy, characteristic, limit } = request;
    const twice = groupBy.find((grouping, index) => groupBy.indexOf(grouping) !== index);
    if (twice !== undefined) throw invalid('groupBy', `names ${twice} twice`);
    if (characteristic !== undefined) requireName('characteristic', characteristic);
    await boundRegexWork(this.database, this.mapping, scope, request.filter);
    const [row] = await this.database
      .read<{ groups: string }>(
        selectGroups(this.mapping, this.zoneOf(scope.tenantId), scope, {
          ...request,
          limit: limit ?? USAGE_GROUPS_MAX + 1,
        }),
        {
          isPlanKept: false,
          workClass: 'report',
          signal: scope.signal,
          replicaAt: scope.replicaAt,
        },
      )
      .catch((error: unknown) => {
        if (isStatementTimeout(error))
          throw new DomainError('UNAVAILABLE', 'the usages take too long to sum up: filter them, say by usageDate', {
            path: 'filter',
          });
        if (isPoolTimeout(error))
          throw new DomainError(
            'UNAVAILABLE',
            'the usages waited too long for their turn to be summed up, behind others that read much: filter them, say by usageDate, or try again later',
            { path: 'filter' },
          );
        throw error;
      });
    const groups = JSON.parse(row?.groups ?? '[]') as UsageGroup[];
    if (limit === undefined && groups.length > USAGE_GROUPS_MAX) {
      throw new DomainError(
        'INVALID_QUERY',
        `there are more than ${USAGE_GROUPS_MAX} groups, the limit USAGE_GROUPS_MAX: filter the usages, or page with limit and offset`,
        { path: 'limit' },
      );
    }
    // Beyond 1.8e308 JSON.parse reads Infinity, and the answer would be null, as if there were nothing to add up.
    if (groups.some(({ characteristicSum }) => characteristicSum !== null && !Number.isFinite(characteristicSum))) {
      throw new DomainError(
        'INVALID_QUERY',
        `the values of '${abbreviated(characteristic ?? '')}' add up to more than a number can hold: filter the usages`,
        { path: 'characteristic' },
      );
    }
    return groups;
  }
}
