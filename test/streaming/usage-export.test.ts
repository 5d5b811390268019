import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { transports, made, type Transport } from '../fixtures/transports.js';
import { eventually } from '../support/eventually.js';
import { startTestServer, type RestAnswer, type TestServer } from '../support/server.js';
import { proofSize } from '../support/proof.js';

const isPostgresql = process.env['TEST_DATABASE_URL'] !== undefined;
const usageSpecification = { id: 'nobody-knows-it' };
const selection = '{ id href status query contentType creationDate completionDate lines url errorLog }';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterEach(async () => {
  await server.database.client.usage.deleteMany();
  await server.database.client.usageOrigin.deleteMany();
});
afterAll(() => server.close());

async function post(usage: object): Promise<any> {
  const { status, body } = await server.rest('POST', '/usage', { body: { usageSpecification, ...usage } });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

/** A task made through either transport, as TMF JSON. */
async function order(
  input: object,
  door: Transport = 'rest',
): Promise<{ status: number; task: any; message?: string }> {
  if (door === 'rest') {
    const { status, body } = await server.rest('POST', '/exportJob', { body: input });
    return { status, task: body, message: body.message };
  }
  const { data, errors } = await server.graphql(
    `mutation ($input: UsageExportCreate!) { task: createUsageExport(input: $input) ${selection} }`,
    { input },
  );
  const [error] = errors ?? [];
  return { status: error?.extensions.status ?? 201, task: data?.task, message: error?.message };
}

async function fetchText(url: string): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(url);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function exported(input: object): Promise<string> {
  const { task, message } = await order(input);
  if (message) throw new Error(message);
  const { status, text } = await fetchText(task.url);
  if (status !== 200) throw new Error(text);
  return text;
}

const itemsOf = (text: string): any[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const taskOf = async (id: string): Promise<any> => (await server.rest('GET', `/exportJob/${id}`)).body;

/** The task once it has come to an end. */
function ended(id: string): Promise<any> {
  return eventually('the export has ended', async () => {
    const task = await taskOf(id);
    return task.status !== 'running' && task.status !== 'notStarted' ? task : undefined;
  });
}

/** So many usages at once, each of some hundred bytes. */
async function fill(count: number): Promise<void> {
  await server.database.dedicated((connection) =>
    connection.script(`
      INSERT INTO "Usage" ("tenantId", "id", "status", "usageType", "usageDate", "usageSpecification", "description", "updatedAt")
      SELECT 'default', '01A' || lpad(n::text, 23, '0'), 'received', 'data', '2026-03-01T00:00:00Z'::timestamptz + n * '1 second'::interval, '{"id":"spec"}', repeat('x', 400), now()
      FROM generate_series(1, ${count}) n`),
  );
}

/** A client that takes the first bytes and then no more, until it hangs up or goes on. */
async function slowClient(url: string): Promise<{ hangUp(): void; rest(): Promise<string> }> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname });
  socket.on('error', () => undefined);
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      socket.pause();
      resolve();
    });
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
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

const rich = {
  externalId: 'cdr-1',
  source: 'switch, "one"',
  usageType: 'data',
  usageDate: '2026-02-01T10:00:00.000Z',
  status: 'rated',
  description: 'first line\r\nsecond, "quoted"; =SUM(A1:A2)',
  relatedParty: [
    { id: '42', role: 'customer', '@referredType': 'Individual', name: '-Größe & Maß' },
    { id: '43', '@referredType': 'Organization' },
  ],
  usageCharacteristic: [
    { name: 'volume', value: 12.5 },
    { name: 'my, "odd".name', value: '=1+1' },
    { name: 'cells', value: [1, { two: 2 }] },
    { name: 'roaming', value: true },
  ],
  ratedProductUsage: [
    {
      taxIncludedRatingAmount: { value: 0.000000001, unit: 'EUR' },
      isBilled: false,
      taxRate: 19,
      productRef: { id: 'p' },
    },
  ],
};

describe('an export of usages', () => {
  it.each(transports)('is a task that tells what it will send, through %s', async (door) => {
    const { status, task } = await order({ query: 'status=rated', contentType: 'text/csv' }, door);
    expect([status, task]).toMatchObject([
      201,
      {
        id: expect.any(String),
        status: 'notStarted',
        query: 'status=rated',
        contentType: 'text/csv',
        lines: 0,
        url: `${task.href}/content`,
        creationDate: server.clock.now().toISOString(),
      },
    ]);
    expect((await server.rest('GET', `/exportJob/${task.id}`)).body).toMatchObject({
      id: task.id,
      status: 'notStarted',
    });
    expect(
      (await server.rest('GET', '/exportJob?contentType=text/csv&fields=id')).body.map(({ id }: any) => id),
    ).toContain(task.id);
    const { data } = await server.graphql(
      `query ($id: ID!) { usageExport(id: $id) ${selection} usageExports { items { id } } }`,
      { id: task.id },
    );
    expect(data.usageExport).toMatchObject({
      id: task.id,
      url: `${data.usageExport.href}/content`,
      lines: 0,
      errorLog: null,
    });
    expect(data.usageExports.items).toContainEqual({ id: task.id });
  });

  it('sends the usages that GET answers, line by line, and says when it has', async () => {
    for (const more of [
      rich,
      {},
      {
        ...rich,
        externalId: 'cdr-2',
        '@type': 'Special',
        '@schemaLocation': 'https://schemas.example/s.json',
        colour: 'red',
      },
      { usageCharacteristic: [] },
    ])
      await post(more);
    const { task } = await order({});
    const { status, headers, text } = await fetchText(task.url);
    expect([status, headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      200,
      'application/x-ndjson;charset=utf-8',
      `attachment; filename="usage-${task.id}.ndjson"`,
    ]);
    expect(itemsOf(text)).toEqual((await server.rest('GET', '/usage')).body);
    expect(await taskOf(task.id)).toMatchObject({
      status: 'succeeded',
      lines: 4,
      completionDate: server.clock.now().toISOString(),
    });
  });

  it('sends what its filter lets through, with the grammar of GET', async () => {
    await post(rich);
    await post({ usageType: 'voice', description: 'Größe' });
    await post({ usageType: 'voice' });
    for (const query of [
      'usageType=voice',
      'relatedParty.id=42&status=rated',
      'usageType=data;description=Gr%C3%B6%C3%9Fe',
      "filter=$[?(@.relatedParty[?(@.id=='43')])]",
      '@type=Usage',
      'usageType=none',
    ]) {
      expect([query, itemsOf(await exported({ query }))]).toEqual([
        query,
        (await server.rest('GET', `/usage?${query}`)).body,
      ]);
    }
  });

  it('may be fetched again, and then sends what there is then', async () => {
    await post({});
    const { task } = await order({});
    expect(itemsOf((await fetchText(task.url)).text).length).toBe(1);
    await post({});
    expect(itemsOf((await fetchText(task.url)).text).length).toBe(2);
    expect(await taskOf(task.id)).toMatchObject({ status: 'succeeded', lines: 2 });
  });

  it('is empty when there is nothing to send', async () => {
    expect(await exported({})).toBe('');
    expect(await exported({ contentType: 'text/csv' })).toBe('id,usageSpecification.id\r\n');
    await post({});
    expect(await exported({ query: 'status=billed' })).toBe('');
  });

  it('is of the caller alone', async () => {
    await post({});
    await server.database.client.usage.updateMany({ data: { tenantId: 'another' } });
    await post({ description: 'mine' });
    expect(itemsOf(await exported({})).map(({ description }) => description)).toEqual(['mine']);
  });

  it.each(
    transports.flatMap((door): [object, string, Transport][] => [
      [{ query: 'colour=red' }, 'colour', door],
      [{ query: 'usageDate=yesterday' }, 'usageDate', door],
      [{ query: 'usageType.regex=(' }, 'usageType', door],
      [{ query: 'fields=id' }, 'fields', door],
      [{ query: 'status=rated&sort=-id' }, 'sort', door],
      [{ query: 'limit=5' }, 'limit', door],
      [{ query: 'offset=5' }, 'offset', door],
      [{ query: 'after=x' }, 'after', door],
      [{ query: 'expand=usageSpecification' }, 'expand', door],
      [{ query: 'depth=1' }, 'depth', door],
      [{ query: 'explain=graphql' }, 'explain', door],
      [{ contentType: 'text/plain' }, 'contentType', door],
    ]),
  )('refuses %j, naming %s, through %s', async (input, named, door) => {
    const before = (await server.rest('GET', '/exportJob')).body.length;
    const { status, message } = await order(input, door);
    expect([status, message]).toEqual([400, expect.stringContaining(named)]);
    expect((await server.rest('GET', '/exportJob')).body.length).toBe(before);
  });

  it.each(transports)('takes a query as long as an address may be, through %s', async (door) => {
    expect((await order({ query: `description=${'x'.repeat(8_000)}` }, door)).status).toBe(201);
    expect(await order({ query: `description=${'x'.repeat(9_000)}` }, door)).toMatchObject({
      status: 400,
      message: expect.stringContaining('query is longer than the limit URL_LENGTH_MAX of 8192'),
    });
  });

  it('is described to HEAD, which is no download', async () => {
    await post({});
    for (const [contentType, extension] of [
      ['application/x-ndjson', 'ndjson'],
      ['text/csv', 'csv'],
    ]) {
      const { task } = await order({ contentType });
      const { status, headers } = await fetch(task.url, { method: 'HEAD' });
      expect([status, headers.get('content-type'), headers.get('content-disposition')]).toEqual([
        200,
        `${contentType};charset=utf-8`,
        `attachment; filename="usage-${task.id}.${extension}"`,
      ]);
      expect(await taskOf(task.id)).toEqual(task);
    }
    expect(
      (await fetch(`${server.url}/tmf-api/usageManagement/v4/exportJob/nope/content`, { method: 'HEAD' })).status,
    ).toBe(404);
  });

  it('that does not exist has no bytes', async () => {
    const { task } = await order({});
    const answer = await server.rest('GET', '/exportJob/no-such-export/content');
    expect([answer.status, answer.body]).toMatchObject([404, { message: expect.stringContaining('no-such-export') }]);
    expect((await server.rest('DELETE', `/exportJob/${task.id}`)).status).toBe(204);
    expect((await server.rest('GET', `/exportJob/${task.id}/content`)).status).toBe(404);
    expect((await server.rest('POST', `/exportJob/${task.id}/content`, { body: {} })).status).toBe(405);
  });

  it('takes no parameters where its bytes are', async () => {
    const { task } = await order({});
    expect((await server.rest('GET', `/exportJob/${task.id}/content?limit=5`)).body).toMatchObject({
      status: '400',
      message: expect.stringContaining('limit'),
    });
  });
});

describe('an export as CSV', () => {
  it('has a column for every path and every characteristic, and keeps text as it is', async () => {
    await post(rich);
    await post({ usageCharacteristic: [{ name: 'volume', value: '0012' }] });
    const text = await exported({ contentType: 'text/csv' });
    const [header = ''] = text.split('\r\n');
    expect(header.split(',')).toEqual(
      expect.arrayContaining([
        'id',
        'usageSpecification.id',
        'relatedParty.1.id',
        'ratedProductUsage.0.taxIncludedRatingAmount.value',
        'usageCharacteristic.volume',
        'usageCharacteristic.roaming',
      ]),
    );
    expect(header).not.toContain('href');
    expect(header).toContain('"usageCharacteristic.my, ""odd"".name"');
    expect(text).toContain('"first line\r\nsecond, ""quoted""; =SUM(A1:A2)"');
    expect(text).toContain(',=1+1,');
    expect(text).toContain(',-Größe & Maß,');
  });

  it('comes back through an import as it was', async () => {
    await post(rich);
    await post({
      externalId: 'cdr-3',
      usageType: 'voice',
      description: ' spaced ',
      usageCharacteristic: [{ name: 'volume', value: '0012' }],
    });
    const { id: strict } = await made(server, 'UsageSpecification', {
      name: 'strict',
      specCharacteristic: [
        { name: 'from', valueType: 'object' },
        { name: 'cells', valueType: 'array' },
      ],
    });
    await post({
      externalId: 'cdr-4',
      usageSpecification: { id: strict },
      usageCharacteristic: [
        { name: 'from', value: { country: 'DE' } },
        { name: 'cells', value: [1, 'two'] },
      ],
    });
    const before = (await server.rest('GET', '/usage')).body;
    const file = await exported({ contentType: 'text/csv' });
    await server.database.client.usage.deleteMany();
    await server.database.client.usageOrigin.deleteMany();
    await server.startJobs();
    const imported: RestAnswer = await server.rest('POST', '/importJob', {
      text: file,
      headers: { 'content-type': 'text/csv' },
    });
    expect([imported.status, imported.body.rejected, imported.body.lines]).toEqual([201, 0, 3]);
    const after = await whenThere(3);
    const comparable = (usages: any[]): any[] =>
      usages
        .map(({ id: _id, href: _href, usageCharacteristic, ...usage }) => ({
          ...usage,
          usageCharacteristic: usageCharacteristic
            .map(({ name, value }: any) => [name, typeof value === 'string' ? value : JSON.stringify(value)])
            .sort(),
        }))
        .sort((one, other) => (one.externalId < other.externalId ? -1 : 1));
    expect(comparable(after)).toEqual(comparable(before));
  });

  it('is refused where one column cannot tell it, before any byte', async () => {
    await post({
      usageCharacteristic: [
        { name: 'volume', value: 1 },
        { name: 'volume', value: 2 },
      ],
    });
    const { task } = await order({ contentType: 'text/csv' });
    const { status, text } = await fetchText(task.url);
    expect([status, JSON.parse(text).message]).toEqual([409, expect.stringContaining("'volume' twice")]);
    expect(await taskOf(task.id)).toMatchObject({
      status: 'failed',
      errorLog: expect.stringContaining("'volume' twice"),
      lines: 0,
    });
  });

  function whenThere(count: number): Promise<any[]> {
    return eventually(`${count} usages are there`, async () => {
      const { body } = await server.rest('GET', '/usage');
      return body.length >= count ? body : undefined;
    });
  }
});

describe('an export under way', () => {
  const count = proofSize('EXPORT_ROWS', { short: 30_000, long: 60_000 });

  it('does not see what is written meanwhile, on PostgreSQL not even changes', async () => {
    await fill(count);
    const { task } = await order({});
    const client = await slowClient(task.url);
    expect(await taskOf(task.id)).toMatchObject({ status: 'running' });
    await post({ description: 'too late' });
    await server.database.query(
      Prisma.sql`UPDATE "Usage" SET "description" = 'changed' WHERE "id" > '01A' AND "description" <> 'too late' RETURNING 1`,
    );
    const text = await client.rest();
    expect((await ended(task.id)).lines).toBe(count);
    expect(text).not.toContain('too late');
    if (isPostgresql) expect(text).not.toContain('changed');
  });

  it('goes to one client at a time', async () => {
    await fill(count);
    const { task } = await order({});
    const client = await slowClient(task.url);
    expect((await server.rest('GET', `/exportJob/${task.id}/content`)).body).toMatchObject({
      status: '409',
      message: expect.stringContaining('running'),
    });
    expect((await server.rest('DELETE', `/exportJob/${task.id}`)).status).toBe(409);
    client.hangUp();
    expect(await ended(task.id)).toMatchObject({ status: 'failed', errorLog: 'the client went away' });
  });

  it('ends at once when its client goes away, and leaves no connection behind', async () => {
    await fill(count);
    const { task } = await order({});
    const client = await slowClient(task.url);
    client.hangUp();
    const { status, errorLog, lines, completionDate } = await ended(task.id);
    expect([status, errorLog, lines < count, completionDate]).toEqual([
      'failed',
      'the client went away',
      true,
      server.clock.now().toISOString(),
    ]);
    if (isPostgresql) await noSnapshots();
    expect(itemsOf((await fetchText(task.url)).text).length).toBe(count);
    expect(await taskOf(task.id)).toMatchObject({ status: 'succeeded', lines: count });
  });

  it('that fails in the middle never looks complete', async () => {
    await fill(count);
    const { task } = await order({});
    const client = await slowClient(task.url);
    await breakReads();
    const text = await client.rest();
    expect(text.endsWith('0\r\n\r\n')).toBe(false);
    expect(await ended(task.id)).toMatchObject({ status: 'failed', errorLog: expect.not.stringContaining('column') });
  });

  it('is one of a few: more are asked to come again', async () => {
    await fill(count);
    const clients = [];
    for (let number = 0; number < 4; number++) clients.push(await slowClient((await order({})).task.url));
    const { task } = await order({});
    const answer = await server.rest('GET', `/exportJob/${task.id}/content`);
    expect([answer.status, answer.headers.get('retry-after'), (await taskOf(task.id)).status]).toEqual([
      503,
      expect.stringMatching(/^\d+$/),
      'notStarted',
    ]);
    for (const client of clients) client.hangUp();
    await eventually('there is room', async () => (await fetchText(task.url)).status === 200 || undefined);
  });

  it('of 100,000 usages takes no more memory than one of few', async () => {
    await fill(100_000);
    const { task } = await order({ contentType: 'text/csv' });
    const response = await fetch(task.url);
    const before = process.memoryUsage().rss;
    let bytes = 0;
    let peak = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(bytes).toBeGreaterThan(40_000_000);
    // The embedded database lives in this process, and so does the client.
    expect(peak - before).toBeLessThan(250_000_000);
    expect(await taskOf(task.id)).toMatchObject({ status: 'succeeded', lines: 100_000 });
  });

  /** Waits until no transaction is open on another connection. */
  async function noSnapshots(): Promise<void> {
    await eventually('every transaction is over', async () => {
      const open = await server.database.query(Prisma.sql`
        SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`);
      return open.length === 0 || undefined;
    });
  }

  it('that fails before its first byte is an error, and no file', async () => {
    await post({});
    const { task } = await order({});
    await server.database.script('ALTER TABLE "Usage" RENAME COLUMN "description" TO "lost"');
    restore = () => server.database.script('ALTER TABLE "Usage" RENAME COLUMN "lost" TO "description"');
    const { status, headers, text } = await fetchText(task.url);
    expect([status, headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      500,
      expect.stringContaining('application/json'),
      null,
    ]);
    expect(JSON.parse(text)).toMatchObject({ '@type': 'Error' });
    expect(await taskOf(task.id)).toMatchObject({ status: 'failed', errorLog: 'an unexpected error occurred' });
  });

  /** What is read from now on cannot be read: the connection is gone, or the table. */
  async function breakReads(): Promise<void> {
    if (isPostgresql) {
      await server.database.query(
        Prisma.sql`SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`,
      );
      return;
    }
    await server.database.script('ALTER TABLE "Usage" RENAME COLUMN "description" TO "lost"');
    restore = () => server.database.script('ALTER TABLE "Usage" RENAME COLUMN "lost" TO "description"');
  }
  let restore: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await restore?.();
    restore = undefined;
  });
});
