import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { Prisma } from '../../prisma/generated/client.js';
import { bucketOf, People } from '../rights/people.js';
import { eventually } from '../support/eventually.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

const isPostgresql = process.env['TEST_DATABASE_URL'] !== undefined;
const count = 2_500;
const ndjson = 'application/x-ndjson';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.database.query(Prisma.sql`
    INSERT INTO "Bucket" ("tenantId", "id", "name", "status", "usageType", "description", "requestedDate", "confirmationDate", "updatedAt", "remainingValueAmount", "remainingValueUnits", "relatedParty")
    SELECT 'default', 'L' || lpad(n::text, 6, '0'), 'list ' || n % 10, 'active', 'data', CASE n WHEN 7 THEN '=SUM(A1), "x"' END, now(), now(), now(), n / 8.0, 'GB',
      jsonb_build_array(jsonb_build_object('id', 'p' || n % 3, 'atReferredType', 'Individual'))
    FROM generate_series(1, ${count}::int) n RETURNING 1`);
});
afterAll(() => server.close());

interface File {
  status: number;
  headers: Headers;
  text: string;
}

async function file(query: string, accept: string, method = 'GET', path = '/bucket'): Promise<File> {
  const response = await fetch(`${server.url}${basePath}${path}${query}`, { method, headers: { accept } });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const lines = (text: string): any[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
const records = (text: string): Record<string, string>[] => parse(text, { columns: true, relax_column_count: false });

/** All of the list, by the cursors of its pages. */
async function listed(query: string): Promise<any[]> {
  const items: any[] = [];
  let next = `/bucket?${query}&limit=700`;
  while (next !== '') {
    const { body, headers } = await server.rest('GET', next);
    items.push(...body);
    const link = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    next = link ? link.slice(link.indexOf('/bucket')) : '';
  }
  return items;
}

describe('a list as NDJSON', () => {
  it.each([
    '',
    'name=list%203',
    'sort=-remainingValue.amount&fields=id,remainingValue',
    'sort=name,-id&relatedParty.id=p1',
  ])('has all items of the list: %s', async (query) => {
    const { status, headers, text } = await file(`?${query}`, ndjson);
    expect([status, headers.get('content-type'), headers.get('x-total-count')]).toEqual([
      200,
      `${ndjson};charset=utf-8`,
      null,
    ]);
    expect(headers.get('vary')?.split(', ')).toContain('Accept');
    expect(lines(text)).toEqual(await listed(query));
  });

  it('has the part that is asked for, however large', async () => {
    const idsOf = async (query: string): Promise<string[]> =>
      lines((await file(query, ndjson)).text).map(({ id }) => id);
    const all = await idsOf('?fields=id');
    expect(all).toHaveLength(count);
    expect(await idsOf('?fields=id&limit=2100&offset=300')).toEqual(all.slice(300, 2_400));
    expect(await idsOf('?fields=id&limit=0')).toEqual([]);
    const { headers } = await server.rest('GET', '/bucket?fields=id&limit=10');
    const after = new URLSearchParams(/after=([^&>]*)/.exec(headers.get('link') ?? '')?.[0]).get('after');
    if (after) expect(await idsOf(`?fields=id&after=${after}`)).toEqual(all.slice(10));
    expect((await file('?after=W10&offset=1', ndjson)).status).toBe(400);
  });

  it('expands references', async () => {
    const { text } = await file('?limit=1&depth=1', ndjson);
    expect(lines(text)).toEqual((await server.rest('GET', '/bucket?limit=1&depth=1')).body);
  });
});

describe('a list as CSV', () => {
  it('has a column for each attribute, whatever the rows have', async () => {
    const { headers, text } = await file('?limit=2', 'text/csv');
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      'text/csv;charset=utf-8',
      'attachment; filename="bucket.csv"',
    ]);
    const [head = ''] = text.split('\r\n');
    const columns = head.split(',');
    expect(columns.slice(0, 2)).toEqual(['id', 'href']);
    expect(columns).toEqual(
      expect.arrayContaining(['remainingValue.amount', 'remainingValue.units', 'relatedParty', 'extension']),
    );
    expect((await file('?name=nothing', 'text/csv')).text).toBe(`${head}\r\n`);
    const document = await (await fetch(`${server.url}${basePath}/openapi.json`)).json();
    const attributes = Object.keys((document as any).components.schemas.Bucket.properties);
    const first = [...new Set(columns.map((column) => column.split('.')[0]))].filter((name) => name !== 'extension');
    expect(first).toEqual(attributes.filter((name) => first.includes(name)));
  });

  it('says what the list says', async () => {
    const query = 'sort=-id&fields=id,name,remainingValue.amount,relatedParty.id';
    const found = records((await file(`?${query}`, 'text/csv')).text);
    const rows = await listed(query);
    expect(found).toEqual(
      rows.map(({ id, name, remainingValue, relatedParty }) => ({
        id,
        name,
        'remainingValue.amount': String(remainingValue.amount),
        relatedParty: JSON.stringify(relatedParty),
      })),
    );
  });

  it('names what a reference refers to as the list does', async () => {
    const { body } = await server.rest('POST', '/bucket', {
      body: { usageType: 'data', partyAccount: { id: 'a1', name: 'an account', status: 'active' } },
    });
    const [row] = records((await file(`?id=${body.id}&fields=partyAccount`, 'text/csv')).text);
    expect(row).toMatchObject({ 'partyAccount.id': 'a1', 'partyAccount.extension': '' });
    const [chosen] = records((await file(`?id=${body.id}&fields=partyAccount.id`, 'text/csv')).text);
    expect(chosen).toEqual({ 'partyAccount.id': 'a1' });
    await server.rest('DELETE', `/bucket/${body.id}`);
  });

  it('has no formula, and keeps quotes', async () => {
    const [row] = records((await file('?id=L000007&fields=description', 'text/csv')).text);
    expect(row).toEqual({ description: `'=SUM(A1), "x"` });
  });

  it('has what an extension adds as JSON', async () => {
    const { body } = await server.rest('POST', '/bucket', {
      body: {
        usageType: 'data',
        '@schemaLocation': 'https://example.org/x.json',
        '@type': 'Coloured',
        colour: { of: 'red' },
      },
    });
    const [row] = records((await file(`?id=${body.id}`, 'text/csv')).text);
    expect(JSON.parse(row?.['extension'] ?? '')).toEqual({ colour: { of: 'red' } });
    await server.rest('DELETE', `/bucket/${body.id}`);
  });

  it('takes no expansion', async () => {
    const { status, text } = await file('?depth=1', 'text/csv');
    expect([status, JSON.parse(text).message]).toEqual([400, expect.stringContaining('depth')]);
  });
});

describe('the answer to Accept', () => {
  it.each([
    ['*/*', '', 'application/json;charset=utf-8'],
    ['application/json, text/csv', '', 'application/json;charset=utf-8'],
    ['text/csv, application/json', '', 'text/csv;charset=utf-8'],
    ['text/csv, application/json;q=0.9', '', 'text/csv;charset=utf-8'],
    ['text/csv;charset=utf-8', '', 'text/csv;charset=utf-8'],
    ['text/csv;header=present', '', 'text/csv;charset=utf-8'],
    ['text/*', '', 'text/csv;charset=utf-8'],
    ['application/json;q=0, */*', '', 'text/csv;charset=utf-8'],
    [`${ndjson};q=0.5, text/csv;q=0.4`, '', `${ndjson};charset=utf-8`],
    ['text/csv', '&explain=graphql', 'application/json;charset=utf-8'],
  ])('%s %s is %s', async (accept, more, type) => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, text } = await file(`?limit=1${more}`, accept, method);
      expect([method, status < 300, headers.get('content-type')]).toEqual([method, true, type]);
      if (method === 'HEAD') expect(text).toBe('');
    }
  });

  it('is 406 where there is no file, or no such one', async () => {
    expect((await file('', 'text/csv', 'GET', '/bucket/L000001')).status).toBe(406);
    expect((await file('', 'text/html')).status).toBe(406);
  });

  it('is what refuses the list, as JSON', async () => {
    for (const query of ['?nothing=1', '?sort=nothing', '?limit=-1', '?offset=100001', '?fields=nothing']) {
      const { status, headers, text } = await file(query, 'text/csv');
      expect([query, status, headers.get('content-disposition')]).toEqual([query, 400, null]);
      expect(JSON.parse(text)).toMatchObject({ '@type': 'Error' });
    }
  });
});

describe('a client', () => {
  /** Takes the first bytes and then no more. */
  async function slowClient(): Promise<{ hangUp(): void; rest(): Promise<string> }> {
    const { port } = new URL(server.url);
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    const chunks: Buffer[] = [];
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        socket.pause();
        resolve();
      });
      socket.write(
        `GET ${basePath}/bucket?name=long HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: ${ndjson}\r\nConnection: close\r\n\r\n`,
      );
    });
    return {
      hangUp: () => void socket.destroy(),
      rest: () =>
        new Promise((resolve) => {
          socket
            .removeAllListeners('data')
            .on('data', (chunk: Buffer) => chunks.push(chunk))
            .on('close', () => resolve(Buffer.concat(chunks).toString()));
          socket.resume();
        }),
    };
  }
  beforeAll(async () => {
    // More than sockets hold.
    for (let first = 1; first <= 8_000; first += 500)
      await server.database.query(Prisma.sql`
        INSERT INTO "Bucket" ("tenantId", "id", "name", "status", "usageType", "description", "requestedDate", "confirmationDate", "updatedAt")
        SELECT 'default', 'M' || lpad(n::text, 6, '0'), 'long', 'active', 'data', repeat('x', 9000), now(), now(), now()
        FROM generate_series(${first}::int, ${first + 499}::int) n RETURNING 1`);
  });

  it('that goes ends the statement', async () => {
    const client = await slowClient();
    client.hangUp();
    if (isPostgresql)
      await eventually('every transaction is over', async () => {
        const open = await server.database.query(Prisma.sql`
          SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`);
        return open.length === 0 || undefined;
      });
  });

  it('has two at once, and is asked to come again for more', async () => {
    const clients = [await slowClient(), await slowClient()];
    const { status, headers, text } = await file('?name=long', ndjson);
    expect([status, JSON.parse(text).message, headers.get('retry-after')]).toEqual([
      503,
      expect.stringContaining('LIST_FILES_PER_CLIENT_MAX'),
      expect.stringMatching(/^\d+$/),
    ]);
    for (const client of clients) client.hangUp();
    await eventually('there is room', async () => (await file('?limit=1', ndjson)).status === 200 || undefined);
  });

  it('sees that a file is not whole, when it cannot be finished', async () => {
    const own = await startTestServer({ ANSWER_BYTES_MAX: '2000000' });
    // The last row alone is more than a list may answer.
    await own.database.query(Prisma.sql`
      INSERT INTO "Bucket" ("tenantId", "id", "name", "status", "usageType", "description", "requestedDate", "confirmationDate", "updatedAt")
      SELECT 'default', 'L' || lpad(n::text, 6, '0'), 'x', 'active', 'data', repeat('x', CASE n WHEN 1500 THEN 3000000 ELSE 1 END), now(), now(), now()
      FROM generate_series(1, 1500) n RETURNING 1`);
    const response = await fetch(`${own.url}${basePath}/bucket`, { headers: { accept: ndjson } });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    await own.close();
  });
});

it('shows a customer own rows only, and is one read in the records', async () => {
  const people = await People.start({ ann: { roles: ['customer'], parties: ['ann'] } }, { AUDIT: 'on' });
  const own = await people.make('/bucket', bucketOf('ann'));
  await people.make('/bucket', bucketOf('bob'));
  const read = async (name: string): Promise<string> =>
    (
      await fetch(`${people.server.url}${basePath}/bucket?fields=id`, {
        headers: { ...people.of(name), accept: ndjson },
      })
    ).text();
  expect(lines(await read('ann'))).toEqual([{ id: own }]);
  expect(lines(await read('admin'))).toHaveLength(2);
  await eventually('it is recorded', async () => {
    const { data } = await people.graphql(
      'admin',
      '{ auditRecords(filter: { operation: { eq: "buckets" } }) { items { principalId } } }',
    );
    return data.auditRecords.items.length > 0 || undefined;
  });
  await people.close();
});
