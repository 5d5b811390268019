import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import type { JsonObject } from '../../platform/json-object.js';
import { readRows } from '../../platform/write/rows.js';
import type { CustomerBillDependencies } from './dependencies.js';

/** Lines that are in memory at a time. */
const linesPerPage = 500;

/** Lines of one product and of one name, by their dates. */
export interface LineGroup {
  /** Null: they are for no product, or for one without a name. */
  readonly productId: string | null;
  readonly productName: string | null;
  readonly name: string | null;
  readonly ids: readonly string[];
}

/** A bill as it stands, and how many lines it has. Its lines never change, but a bill that is new may get more. */
export interface BillWithCount {
  readonly bill: JsonObject;
  readonly lineCount: number;
}

/** The lines of a bill, a page at a time: reads of the documents of a bill. */
export class BillLines {
  constructor(
    private readonly database: Database,
    private readonly dependencies: CustomerBillDependencies,
  ) {}

  /** Undefined when there is no such bill. */
  async find(tenantId: string, billId: string): Promise<BillWithCount | undefined> {
    const bill = (await readRows(this.database, this.dependencies.mappings.customerBill, tenantId, [billId])).get(
      billId,
    );
    if (bill === undefined) return undefined;
    const [count] = await this.database.query<{ lines: number }>(
      Prisma.sql`SELECT count(*)::int AS "lines" FROM ${linesOf(tenantId, billId)}`,
    );
    return { bill, lineCount: count?.lines ?? 0 };
  }

  /** The ids of all lines, in the order in which they were made. */
  async *idPages(tenantId: string, billId: string): AsyncGenerator<string[]> {
    for (let last = ''; ;) {
      const page = await this.database.query<{ id: string }>(Prisma.sql`
        SELECT b."id" FROM ${linesOf(tenantId, billId)} AND b."id" COLLATE "C" > ${last} ORDER BY b."id" COLLATE "C" LIMIT ${linesPerPage}::int`);
      const ids = page.map(({ id }) => id);
      if (ids.length > 0) yield ids;
      if (ids.length < linesPerPage) return;
      last = ids.at(-1) as string;
    }
  }

  /** All lines, in the order in which they were made. */
  async *all(tenantId: string, billId: string): AsyncGenerator<JsonObject[]> {
    for await (const ids of this.idPages(tenantId, billId)) yield this.read(tenantId, ids);
  }

  /** The lines as they stand on paper: by product and name, those for no product last. */
  async groups(tenantId: string, billId: string): Promise<LineGroup[]> {
    const groups = await this.database.query<Omit<LineGroup, 'ids'> & { ids: string }>(Prisma.sql`
      SELECT g."productId", g."productName", g."name", json_agg(g."id" ORDER BY g."date", g."id" COLLATE "C")::text AS "ids"
      FROM (
        SELECT b."id", b."date", b."product"->>'id' AS "productId", b."product"->>'name' AS "productName", b."name"
        FROM ${linesOf(tenantId, billId)}
      ) g
      GROUP BY g."productId", g."productName", g."name"
      ORDER BY g."productName" COLLATE "C", g."productId" COLLATE "C", g."name" COLLATE "C"`);
    return groups.map(({ ids, ...group }) => ({ ...group, ids: JSON.parse(ids) as string[] }));
  }

  /** Lines by id, a page at a time. */
  async *byId(tenantId: string, ids: readonly string[]): AsyncGenerator<JsonObject[]> {
    for (let at = 0; at < ids.length; at += linesPerPage) yield this.read(tenantId, ids.slice(at, at + linesPerPage));
  }

  private async read(tenantId: string, ids: readonly string[]): Promise<JsonObject[]> {
    const rows = await readRows(this.database, this.dependencies.mappings.appliedCustomerBillingRate, tenantId, ids);
    return ids.map((id) => rows.get(id)).filter((row) => row !== undefined);
  }
}

/** What stands behind FROM, with the rate as b. */
function linesOf(tenantId: string, billId: string): Prisma.Sql {
  return Prisma.sql`"AppliedCustomerBillingRate" b
    WHERE b."tenantId" = ${tenantId} AND b."billId" = ${billId}`;
}
