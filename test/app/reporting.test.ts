import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { runReporting } from '../../src/app/cli/administration/reporting.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { makeTenant } from '../support/tenants.js';

const document = readFileSync('docs/reporting.md', 'utf8');

describe('views for reports', () => {
  let server: TestServer;
  let superuser: pg.Client;
  let analyst: pg.Client;
  // Roles are those of the whole server of PostgreSQL.
  const role = `tmf_reader_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  let url: string;
  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo' });
    url = String(server.database.url);
    superuser = new pg.Client(process.env.TEST_SUPERUSER_DATABASE_URL ?? process.env.TEST_DATABASE_URL);
    await superuser.connect();
    await superuser.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
    await run('grant', role);
    const there = new URL(url);
    [there.username, there.password] = [role, password];
    analyst = new pg.Client(there.href);
    await analyst.connect();
  });
  afterAll(async () => {
    await analyst.end();
    await run('revoke', role);
    await superuser.query(`DROP ROLE ${role}`);
    await superuser.end();
    await server.close();
  });

  async function run(...args: string[]): Promise<string> {
    const written: string[] = [];
    const spies = (['stdout', 'stderr'] as const).map((name) =>
      jest.spyOn(process[name], 'write').mockImplementation((text) => {
        written.push(String(text));
        return true;
      }),
    );
    const code = await runReporting(args, { DATABASE_URL: url });
    for (const spy of spies) spy.mockRestore();
    return `${code}: ${written.join('')}`;
  }

  const ask = async (sql: string): Promise<any[]> => (await analyst.query(sql)).rows;

  it('are those that the document names, with their columns', async () => {
    const columns = await ask(
      `SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position) AS columns
       FROM information_schema.columns WHERE table_schema = 'reporting' GROUP BY table_name`,
    );
    const documented = [...document.matchAll(/^\| `(\w+)` \| .* \| (.*) \|$/gm)].map(([, name, list]) => [
      name,
      list?.replaceAll('`', ''),
    ]);
    expect(documented.length).toBeGreaterThan(15);
    expect(columns.map((row) => [row.table_name, row.columns]).sort()).toEqual(documented.sort());
  });

  it.each([...document.matchAll(/```sql\n(SELECT[^]*?)```/g)].map(([, sql]) => [String(sql)]))(
    'answer what the document asks: %s',
    async (sql) => {
      expect((await ask(sql)).length).toBeGreaterThan(0);
    },
  );

  it.each([
    ['buckets', 'bucket'],
    ['usages', 'usage'],
    ['bills', 'customerBill'],
    ['bill_rates', 'appliedCustomerBillingRate'],
    ['orders', 'resourceOrder'],
  ])('%s has as many rows as the list of REST', async (view, path) => {
    const list = await server.rest('GET', `/${path}?limit=1`, { headers: { prefer: 'count=exact' } });
    const [{ count }] = await ask(`SELECT count(*)::int AS count FROM reporting.${view}`);
    expect(count).toBeGreaterThan(0);
    expect(String(count)).toBe(list.headers.get('x-total-count'));
  });

  it('tell each bucket as GraphQL does, down to its movements', async () => {
    const { data } = await server.graphql(
      '{ buckets(limit: 1000) { items { id remainingValue { amount units } entries { totalCount } relatedParty { refId role } logicalResource { value } } } }',
    );
    const told = await ask(`
      SELECT b.bucket_id AS id, b.remaining::float8 AS amount, b.remaining_units AS units,
        (SELECT count(*)::int FROM reporting.ledger_entries e WHERE e.bucket_id = b.bucket_id) AS entries,
        ARRAY(SELECT concat_ws(' ', party_id, role) FROM reporting.bucket_parties p WHERE p.bucket_id = b.bucket_id ORDER BY 1) AS parties,
        ARRAY(SELECT value FROM reporting.bucket_logical_resources l WHERE l.bucket_id = b.bucket_id ORDER BY 1) AS numbers
      FROM reporting.buckets b ORDER BY b.bucket_id COLLATE "C"`);
    const asked = data.buckets.items.map((bucket: any) => ({
      id: bucket.id,
      amount: bucket.remainingValue?.amount ?? null,
      units: bucket.remainingValue?.units ?? null,
      entries: bucket.entries.totalCount,
      parties: (bucket.relatedParty ?? []).map((one: any) => [one.refId, one.role].filter(Boolean).join(' ')).sort(),
      numbers: (bucket.logicalResource ?? []).map((one: any) => one.value).sort(),
    }));
    expect(told).toEqual(asked.sort((one: any, other: any) => (one.id < other.id ? -1 : 1)));
  });

  it.each([
    'INSERT INTO reporting.buckets (bucket_id) VALUES (1)',
    'SELECT * FROM "Bucket"',
    'SELECT * FROM "ReportReader"',
  ])('let their role do nothing else: %s', async (sql) => {
    await expect(analyst.query(sql)).rejects.toMatchObject({
      message: expect.stringMatching(/permission denied|cannot insert/),
    });
  });

  it('show the rows of the tenant of the role, and to nobody else any', async () => {
    await makeTenant((text, variables) => server.graphql(text, variables), 'other');
    expect(await run('grant', role, '--tenant', 'other')).toBe(`0: ${role} reads the reports of other\n`);
    expect(await ask('SELECT count(*)::int AS count FROM reporting.buckets')).toEqual([{ count: 0 }]);
    expect(await run('list')).toMatch(new RegExp(`^${role}  other$`, 'm'));
    expect(await run('grant', role)).toBe(`0: ${role} reads the reports of default\n`);
    expect(await ask('SELECT count(*) > 0 AS some FROM reporting.buckets')).toEqual([{ some: true }]);
    const owner = new pg.Client(url);
    await owner.connect();
    expect((await owner.query('SELECT 1 FROM reporting.buckets')).rows).toEqual([]);
    await owner.end();
  });

  it.each([
    [['grant', 'nobody-of-that-name'], "1: there is no role 'nobody-of-that-name' in the database\n"],
    [['grant', role, '--tenant', 'none'], "1: there is no tenant 'none'\n"],
    [['revoke', 'nobody-of-that-name'], "1: the role 'nobody-of-that-name' reads no reports\n"],
  ])('are not given by %j', async (args, told) => expect(await run(...args)).toBe(told));
});
