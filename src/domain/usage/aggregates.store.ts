import { Prisma } from '../../../prisma/generated/client.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { sourceOf, type Scope } from '../../platform/read/source.js';
import type { AggregateRequest, UsageGrouping } from './model.js';

/** A text that is a number counts as one, as it does for specifications (values.ts), unless it has an exponent that nobody measured. */
const numericText = '^-?[0-9]{1,40}([.][0-9]{1,40})?([eE][+-]?[0-9]{1,2})?$';

/**
 * SELECT of the groups of a request, as one JSON array `groups` of UsageGroup. The innermost sums are per group and unit, so
 * that amounts of several units never meet.
 */
export function selectGroups(
  mapping: ResourceMapping,
  timeZone: string,
  scope: Scope,
  { filter, groupBy, characteristic, offset, limit }: AggregateRequest & { readonly limit: number },
): Prisma.Sql {
  const shownKeys = Prisma.raw(
    groupBy
      .map((grouping) => (grouping === 'month' ? `to_char("month", 'YYYY-MM') AS "month", ` : `"${grouping}", `))
      .join(''),
  );
  const keys = Prisma.raw(groupBy.map((grouping) => `"${grouping}", `).join(''));
  const by =
    groupBy.length === 0 ? Prisma.empty : Prisma.sql`GROUP BY ${namesOf(groupBy)} ORDER BY ${namesOf(groupBy)}`;
  const { from, where } = sourceOf(mapping, scope, filter);
  const keysOfUsage = Prisma.join([
    ...groupBy.map((grouping) => Prisma.sql`${keyOf(grouping, timeZone)} AS ${Prisma.raw(`"${grouping}"`)}`),
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

/** The key of a usage b, whose party is p. Days and months are those of the operator's zone. */
function keyOf(grouping: UsageGrouping, timeZone: string): Prisma.Sql {
  switch (grouping) {
    case 'usageType':
    case 'status':
      return Prisma.raw(`b."${grouping}"`);
    case 'specification':
      return Prisma.sql`b."usageSpecification"->>'id' COLLATE "C"`;
    case 'party':
      return Prisma.sql`p."id"`;
    case 'day':
      return Prisma.sql`(b."usageDate" AT TIME ZONE ${timeZone}::text)::date`;
    case 'month':
      return Prisma.sql`date_trunc('month', b."usageDate" AT TIME ZONE ${timeZone}::text)::date`;
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
