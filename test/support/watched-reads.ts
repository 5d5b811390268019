import { expect } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import type { Database, ReadOptions } from '../../src/platform/database/database.js';
import type { JsonObject } from '../../src/platform/json-object.js';
import type { PageRequest } from '../../src/platform/plan/page-request.js';
import type { PagePlan } from '../../src/platform/plan/plan.js';
import { nothingDue, Reads } from '../../src/platform/plan/reads.js';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';
import type { Edge, Scope } from '../../src/platform/read/source.js';
import { pagePlan, shapeOf } from './simple-plans.js';

/** A page, and which first-level attributes of its rows are read. */
export interface SimplePage extends PageRequest {
  attributes: readonly string[];
  /** Absent: not counted. */
  count?: 'bounded' | 'exact';
}

export interface WatchedReads {
  one(mapping: ResourceMapping, scope: Scope, id: string, attributes: readonly string[]): Promise<JsonObject | null>;
  page(
    mapping: ResourceMapping,
    scope: Scope,
    request: SimplePage,
  ): Promise<{ items: JsonObject[]; count?: number | null }>;
  /** The first rows below each of the parents. */
  nested(
    parent: ResourceMapping,
    ids: readonly string[],
    mapping: ResourceMapping,
    edge: Edge,
    scope: Scope,
  ): Promise<unknown>;
  /** The one statement that the work asks for. */
  statementOf(work: () => Promise<unknown>): Promise<Prisma.Sql>;
  /** How the database would run it. */
  planOf(work: () => Promise<unknown>): Promise<string>;
}

/** Reads whose statements can be looked at. */
export function watchReads(database: Database): WatchedReads {
  const asked: Prisma.Sql[] = [];
  const watched = {
    ...database,
    read: <T>(sql: Prisma.Sql, options: ReadOptions) => (asked.push(sql), database.read<T>(sql, options)),
  } as Database;
  const reads = new Reads(watched, { countMax: 100_000, countWaitMs: 1_000, bytesMax: 16_777_216 }, nothingDue);
  const statementOf = async (work: () => Promise<unknown>): Promise<Prisma.Sql> => {
    asked.length = 0;
    await work();
    expect(asked).toHaveLength(1);
    return asked[0] as Prisma.Sql;
  };
  const graphql = { style: 'graphql', requests: [] } as const;
  const at = (scope: Scope): Scope & { origin: string } => ({ ...scope, origin: 'http://here' });
  return {
    one: async (mapping, scope, id, attributes) => {
      const plan = { kind: 'row', mapping, shape: shapeOf(mapping, attributes) } as const;
      const row = await reads.row({ ...graphql, plan, scope: at(scope) }, id);
      return row && (JSON.parse(row.item) as JsonObject);
    },
    page: async (mapping, scope, { attributes, count, ...request }) => {
      const plan = pagePlan(mapping, attributes, { count });
      const page = await reads.page({ ...graphql, plan, scope: at(scope) }, request);
      const items = JSON.parse(`[${page.items[0] ?? ''}]`) as JsonObject[];
      return { items, count: page.exactCount ?? page.totalCount };
    },
    nested: async (parent, ids, mapping, edge, scope) => {
      const below: PagePlan = { ...pagePlan(mapping, ['id'], {}), number: 1, edge };
      const fields = [{ name: 'below', isRequired: true, value: { kind: 'page', page: below } as const }];
      const plan: PagePlan = { ...pagePlan(parent, ['id'], {}), items: [{ fields }] };
      const request: PageRequest = {
        filter: { kind: 'compareList', path: ['id'], operator: 'in', values: ids },
        order: [],
        offset: 0,
        limit: ids.length,
      };
      const requests = [request, { order: [], offset: 0, limit: 20 }];
      return reads.page({ ...graphql, requests, plan, scope: at(scope) }, request);
    },
    statementOf,
    planOf: async (work) => {
      const plan = await database.query<{ 'QUERY PLAN': string }>(Prisma.sql`EXPLAIN ${await statementOf(work)}`);
      return plan.map((line) => line['QUERY PLAN']).join('\n');
    },
  };
}
