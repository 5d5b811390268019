import { Prisma } from '../../../prisma/generated/client.js';
import { isStatementTimeout, isPoolTimeout } from '../../platform/database/failures.js';
import type { Database } from '../../platform/database/database.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import type { Filter } from '../../platform/filter/tree/filter.js';
import { boundRegexWork } from '../../platform/read/regex-work.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { sourceOf, type Scope } from '../../platform/read/source.js';
import { invalid, requireName } from '../input.js';

/** What usages can be grouped by, and the SQL of each key of a usage `b`, whose party is `p`. */
export const usageGroupings = ['usageType', 'status', 'specification', 'party', 'day', 'month'] as const;
export type UsageGrouping = (typeof usageGroupings)[number];

export interface AggregateRequest {
  readonly filter?: Filter;
  readonly groupBy: readonly UsageGrouping[];
  /** Name of the characteristic whose numbers are summed up. */
  readonly characteristic?: string;
  readonly offset: number;
  /** Groups at most; absent: all, and more than groupsMax are refused. */
  readonly limit?: number;
}

/** What the usages of one group were rated at in one unit. */
export interface RatedTotal {
  unit: string;
  count: number;
  taxExcludedRatingAmount: number | null;
  taxIncludedRatingAmount: number | null;
}

export interface UsageGroup extends Partial<Record<UsageGrouping, string | null>> {
  count: number;
  characteristicCount: number;
  characteristicSum: number | null;
  rated: RatedTotal[];
}

/** Groups of one answer. */
export const groupsMax = 1_000;

/** A text that is a number counts as one, as it does for specifications (values.ts), unless it has an exponent that nobody measured. */
const numericText = '^-?[0-9]{1,40}([.][0-9]{1,40})?([eE][+-]?[0-9]{1,2})?$';

/** Sums over usages, each by one statement; nothing but the groups leaves the database. */
export class UsageAggregates {
  constructor(
    private readonly database: Database,
    private readonly mapping: ResourceMapping,
    private readonly timeZone: string,
  ) {}

  /** The groups in the order of their keys. Refusals: INVALID_ATTRIBUTE, INVALID_QUERY. */
  async read(scope: Scope, request: AggregateRequest): Promise<UsageGroup[]> {
    const { groupBy, characteristic, limit } = request;
    const twice = groupBy.find((grouping, index) => groupBy.indexOf(grouping) !== index);
    if (twice !== undefined) throw invalid('groupBy', `names ${twice} twice`);
    if (characteristic !== undefined) requireName('characteristic', characteristic);
    await boundRegexWork(this.database, this.mapping, scope, request.filter);
    const [row] = await this.database
      .read<{ groups: string }>(this.select(scope, request), {
        isPlanKept: false,
        workClass: 'report',
        signal: scope.signal,
      })
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
    if (limit === undefined && groups.length > groupsMax) {
      throw new DomainError(
        'INVALID_QUERY',
        `there are more than ${groupsMax} groups: filter the usages, or page with limit and offset`,
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

  /** The innermost sums are per group and unit, so that amounts of several units never meet. */
  private select(
    scope: Scope,
    { filter, groupBy, characteristic, offset, limit = groupsMax + 1 }: AggregateRequest,
  ): Prisma.Sql {
    const shownKeys = Prisma.raw(
      groupBy
        .map((grouping) => (grouping === 'month' ? `to_char("month", 'YYYY-MM') AS "month", ` : `"${grouping}", `))
        .join(''),
    );
    const keys = Prisma.raw(groupBy.map((grouping) => `"${grouping}", `).join(''));
    const by =
      groupBy.length === 0 ? Prisma.empty : Prisma.sql`GROUP BY ${namesOf(groupBy)} ORDER BY ${namesOf(groupBy)}`;
    const { from, where } = sourceOf(this.mapping, scope, filter);
    const keysOfUsage = Prisma.join([
      ...groupBy.map((grouping) => Prisma.sql`${this.keyOf(grouping)} AS ${Prisma.raw(`"${grouping}"`)}`),
      Prisma.sql`TRUE`,
    ]);
    const usages = groupBy.includes('party') ? Prisma.sql`${from} ${partiesOfUsage}` : from;
    const measured = characteristic === undefined ? Prisma.empty : numbersOfUsage(characteristic);
    const measures =
      characteristic === undefined ? Prisma.sql`0::bigint, NULL::numeric` : Prisma.sql`count(c."sum"), sum(c."sum")`;
    return Prisma.sql`
      SELECT COALESCE(json_agg(g), '[]')::text AS "groups" FROM (
        SELECT ${shownKeys} COALESCE(sum("count"), 0) AS "count", COALESCE(sum("measured"), 0) AS "characteristicCount", sum("measure") AS "characteristicSum",
          COALESCE(json_agg(json_build_object('unit', "unit", 'count', "rated", 'taxExcludedRatingAmount', "taxExcluded", 'taxIncludedRatingAmount', "taxIncluded") ORDER BY "unit")
            FILTER (WHERE "unit" <> ''), '[]') AS "rated"
        FROM (
          SELECT ${keys} "unit", sum("count") AS "count", sum("rated") AS "rated", sum("taxExcluded") AS "taxExcluded", sum("taxIncluded") AS "taxIncluded",
            sum("measured") AS "measured", sum("measure") AS "measure"
          FROM (
            SELECT ${keysOfUsage}, b."ratedUnit" AS "unit", count(*) AS "count", count(*) AS "rated", sum(b."ratedTaxExcluded") AS "taxExcluded",
              sum(b."ratedTaxIncluded") AS "taxIncluded", ${measures}
            FROM ${usages} ${measured} WHERE ${where} GROUP BY ${placesOf(groupBy, 2)}
            UNION ALL
            SELECT ${keysOfUsage}, t."unit", 0, count(*), sum(t."taxExcluded"), sum(t."taxIncluded"), 0, NULL
            FROM ${usages} CROSS JOIN LATERAL "ratedTotals"(b."ratedProductUsage") t WHERE ${where} AND b."ratedUnit" = '' GROUP BY ${placesOf(groupBy, 2)}
          ) u(${keys} "all", "unit", "count", "rated", "taxExcluded", "taxIncluded", "measured", "measure")
          GROUP BY ${keys} "unit"
        ) t
        ${by} LIMIT ${limit}::int OFFSET ${offset}::int
      ) g`;
  }

  /** Days and months are those of the operator's clock (DESIGN §12). */
  private keyOf(grouping: UsageGrouping): Prisma.Sql {
    switch (grouping) {
      case 'usageType':
      case 'status':
        return Prisma.raw(`b."${grouping}"`);
      case 'specification':
        return Prisma.sql`b."usageSpecification"->>'id' COLLATE "C"`;
      case 'party':
        return Prisma.sql`p."id"`;
      case 'day':
        return Prisma.sql`(b."usageDate" AT TIME ZONE ${this.timeZone}::text)::date`;
      case 'month':
        return Prisma.sql`date_trunc('month', b."usageDate" AT TIME ZONE ${this.timeZone}::text)::date`;
    }
  }
}

/** A usage without parties counts under none. */
const partiesOfUsage = Prisma.sql`
  LEFT JOIN LATERAL (SELECT DISTINCT e->>'id' COLLATE "C" AS "id" FROM "jsonElements"(b."relatedParty") e) p ON TRUE`;

/** What the numbers of that name add up to in one usage; null when it has none. */
function numbersOfUsage(characteristic: string): Prisma.Sql {
  return Prisma.sql`
    CROSS JOIN LATERAL (
      SELECT sum(CASE jsonb_typeof(e->'value') WHEN 'number' THEN (e->'value')::numeric
        WHEN 'string' THEN CASE WHEN e->>'value' ~ ${numericText}::text THEN (e->>'value')::numeric END END) AS "sum"
      FROM "jsonElements"(b."usageCharacteristic") e WHERE e->>'name' = ${characteristic}::text
    ) c`;
}

function namesOf(groupBy: readonly UsageGrouping[]): Prisma.Sql {
  return Prisma.raw(groupBy.map((grouping) => `"${grouping}"`).join(', '));
}

/** 1, 2, 3: the keys and so many columns more, by their places in the list. */
function placesOf(groupBy: readonly UsageGrouping[], more: number): Prisma.Sql {
  return Prisma.raw(Array.from({ length: groupBy.length + more }, (_, index) => String(index + 1)).join(', '));
}
