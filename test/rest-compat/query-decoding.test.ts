import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { send, type RawAnswer } from '../fixtures/http.js';
import { startTestServer, type TestServer } from '../support/server.js';

const bills = '/tmf-api/customerBillManagement/v4';
const collection = `${bills}/billCycleSpecification`;

describe('a query string as clients send it', () => {
  let server: TestServer;
  const names = ['active', 'suspended', 'Doe, Jane', 'say "hi", then', 'a;b', 'Doe'];

  beforeAll(async () => {
    server = await startTestServer();
    for (const name of names)
      expect(
        (await server.rest('POST', '/billCycleSpecification', { body: { name, billingPeriod: 'month' } })).status,
      ).toBe(201);
  });
  afterAll(() => server.close());

  const get = (query: string): Promise<RawAnswer> => send(server.url, 'GET', `${collection}?${query}`);
  const namesOf = ({ status, body }: RawAnswer): unknown => [
    status,
    status === 200 ? body.map(({ name }: { name: string }) => name) : body,
  ];

  it.each([
    ['a standard library', new URLSearchParams({ name: 'active,suspended' }).toString(), ['active', 'suspended']],
    ['encodeURIComponent', `name=${encodeURIComponent('active,suspended')}`, ['active', 'suspended']],
    ['hand', 'name=active,suspended', ['active', 'suspended']],
    ['in, encoded', 'name.in=active%2Csuspended', ['active', 'suspended']],
    ['ne, encoded', 'name.ne=active%2Csuspended', ['Doe, Jane', 'say "hi", then', 'a;b', 'Doe']],
    ['nin, encoded', 'name.nin=active%2Csuspended', ['Doe, Jane', 'say "hi", then', 'a;b', 'Doe']],
    ['quotes around a comma', new URLSearchParams({ name: '"Doe, Jane"' }).toString(), ['Doe, Jane']],
    [
      'a quoted value beside a plain one',
      new URLSearchParams({ name: '"Doe, Jane",active' }).toString(),
      ['active', 'Doe, Jane'],
    ],
    ['a quote within quotes', new URLSearchParams({ name: '"say \\"hi\\", then"' }).toString(), ['say "hi", then']],
    ['an encoded semicolon', new URLSearchParams({ name: 'a;b' }).toString(), ['a;b']],
    ['a semicolon that separates', 'name=active;suspended', ['active', 'suspended']],
    ['a comma in a part of a text', 'name.contains=Doe%2C', ['Doe, Jane']],
    ['a comma in the beginning of a text', 'name.startswith=Doe%2C%20J', ['Doe, Jane']],
    ['a comma in a regular expression', 'name.regex=%5E%5BaD%5D.%7B1%2C2%7D%24', ['a;b', 'Doe']],
    ['a comma in JSONPath', `filter=${encodeURIComponent("$[?(@.name=='Doe, Jane')]")}`, ['Doe, Jane']],
  ])('means by %s what is meant', async (_writer, query, expected) => {
    expect(namesOf(await get(query))).toEqual([200, expected]);
  });

  it.each(['name[]=active', 'name%5B%5D=active&name%5B%5D=suspended', 'name[0]=active'])(
    'says how several values are written instead of %s',
    async (query) => {
      const { status, body } = await get(query);
      expect([status, body.message]).toEqual([400, expect.stringContaining("'name=a,b' or 'name=a&name=b'")]);
    },
  );

  it.each([
    ['fields=[x>E', 400],
    ['fields=name[', 400],
    [`fields=${encodeURIComponent("relatedParty[?(@.id=='5')]")}`, 501],
  ])('answers %s with %d', async (query, status) => {
    const answer = await get(query);
    expect([answer.status, answer.body.status]).toEqual([status, String(status)]);
  });

  it('follows its own next link behind a cursor of 2,500 characters', async () => {
    const long = Array.from({ length: 3 }, (_, index) => `${'long '.repeat(380)}${index}`);
    for (const description of long) {
      expect(
        (await server.rest('POST', '/billCycleSpecification', { body: { name: 'long', description } })).body,
      ).toMatchObject({ description });
    }
    const { data } = await server.graphql(
      '{ billCycleSpecifications(filter: { name: { eq: "long" } }, orderBy: [{ description: ASC }], limit: 1) { pageInfo { endCursor } } }',
    );
    const cursor: string = data.billCycleSpecifications.pageInfo.endCursor;
    expect(cursor.length).toBeGreaterThan(2_500);
    const second = await get(`name=long&sort=description&limit=1&after=${cursor}`);
    expect([second.status, second.body[0]?.description]).toEqual([206, long[1]]);
    const third = await send(server.url, 'GET', nextOf(second) as string);
    expect([third.status, third.body[0].description, nextOf(third)]).toEqual([206, long[2], undefined]);
  });
});

describe('a list without paging parameters', () => {
  it('has REST_PAGE_SIZE_DEFAULT items, answers 200 and links to the next', async () => {
    const server = await startTestServer({ REST_PAGE_SIZE_DEFAULT: '2' });
    try {
      for (const name of ['a', 'b', 'c']) await server.rest('POST', '/billCycleSpecification', { body: { name } });
      const first = await send(server.url, 'GET', collection);
      expect([first.status, first.body.length, first.headers['x-total-count']]).toEqual([200, 2, '3']);
      const second = await send(server.url, 'GET', nextOf(first) as string);
      expect([second.status, second.body.map(({ name }: { name: string }) => name), nextOf(second)]).toEqual([
        206,
        ['c'],
        undefined,
      ]);
      expect((await send(server.url, 'GET', `${collection}?limit=3`)).body).toHaveLength(3);
      // GraphQL has a number of its own.
      const { data } = await server.graphql('{ billCycleSpecifications { items { id } } }');
      expect(data.billCycleSpecifications.items).toHaveLength(3);
      const document: any = (await send(server.url, 'GET', `${bills}/openapi.json`)).body;
      expect(document.components.parameters.limit).toMatchObject({
        description: expect.stringContaining('2 when not given'),
        schema: { maximum: 1000 },
      });
      expect(document.info.description).toContain('up to 2 items and a `next` link');
      expect(document.paths['/billCycleSpecification'].get.responses[200].description).toContain('the first 2');
    } finally {
      await server.close();
    }
  });

  it('is whole up to 1,000 items, and no longer than PAGE_SIZE_MAX', async () => {
    const server = await startTestServer({ PAGE_SIZE_MAX: '150' });
    try {
      await insert(server, 151);
      const { status, body } = await send(server.url, 'GET', collection);
      expect([status, body.length]).toEqual([200, 150]);
    } finally {
      await server.close();
    }
  });
});

describe('a list beyond the largest offset', () => {
  it('goes on by cursor, and links to nothing that would be refused', async () => {
    const server = await startTestServer();
    try {
      await insert(server, 100_011);
      const at = await send(server.url, 'GET', `${collection}?fields=none&offset=100000&limit=5`, {
        headers: { prefer: 'count=exact' },
      });
      expect([at.status, at.headers['x-total-count'], at.headers['link']]).toEqual([
        206,
        '100011',
        expect.not.stringContaining('rel="last"'),
      ]);
      const next = nextOf(at) as string;
      expect(next).toContain('after=');
      const rest = [await send(server.url, 'GET', next)];
      rest.push(await send(server.url, 'GET', nextOf(rest[0] as RawAnswer) as string));
      expect(rest.map(({ status, body }) => [status, body.length])).toEqual([
        [206, 5],
        [206, 1],
      ]);
    } finally {
      await server.close();
    }
  });
});

/** Rows that clients might have made one by one. */
async function insert(server: TestServer, count: number): Promise<void> {
  await server.database.query(Prisma.sql`
    INSERT INTO "BillCycleSpecification" ("tenantId", "id", "name", "updatedAt")
    SELECT 'default', 'SPEC' || lpad(n::text, 22, '0'), 'name ' || n, '2026-03-01T12:00:00Z' FROM generate_series(1, ${count}::int) n`);
}

/** Path and query of the next link. */
function nextOf({ headers }: RawAnswer): string | undefined {
  const target = /<([^>]*)>; rel="next"/.exec(String(headers['link'] ?? ''))?.[1];
  if (target === undefined) return undefined;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
