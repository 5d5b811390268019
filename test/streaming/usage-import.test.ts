import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';
import {
  csv,
  ended,
  figures,
  importPath,
  linesOf,
  makeTask,
  ndjson,
  post,
  problemsOf,
  put,
  taken,
  taskOf,
  usage,
  usagesOf,
  type Json,
} from './imports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());

const createdEvents = async (ids: readonly string[]): Promise<Json[]> =>
  server.database.client.outbox.findMany({ where: { resourceId: { in: [...ids] }, resourceType: 'usage' } });
const found = (externalId: string): Promise<Json[]> => usagesOf(server, `&externalId=${externalId}`);
const withoutIdentity = ({ id, href, ...rest }: Json): Json => rest;

describe('an import that skips what it cannot take', () => {
  it('counts and reports every line, and takes each usage once', async () => {
    await server.rest('POST', '/usage', { body: usage('posted-1') });
    await server.rest('POST', '/usage', { body: usage('posted-2') });
    const content = [
      JSON.stringify(usage('skip-1')),
      '{"usageSpecification": ',
      JSON.stringify(usage('skip-2', { usageType: 'voice' })),
      '',
      JSON.stringify(usage('skip-1')),
      JSON.stringify(usage('skip-2', { usageType: 'data', status: 'guided' })),
      JSON.stringify(usage('posted-1')),
      JSON.stringify(usage('posted-2', { description: 'other' })),
      '[1]',
      JSON.stringify({ ...usage('skip-3'), colour: 'red' }),
      JSON.stringify({ externalId: 'skip-4' }),
      JSON.stringify(usage('skip-5', { usageDate: 'yesterday' })),
      JSON.stringify(usage('skip-6', { status: 'billed' })),
      JSON.stringify(usage('skip-7', { usageDate: '9999-12-31T23:59:59-01:00' })),
      JSON.stringify(usage('skip-8', { usageDate: '0001-01-01T00:00:00+01:00' })),
      JSON.stringify(usage(undefined, { description: 'nameless' })),
      JSON.stringify(usage(undefined, { description: 'nameless' })),
    ].join('\n');
    const task = await taken(server, { content });
    expect(figures(task)).toEqual(['succeeded', 16, 4, 2, 10]);
    expect((await problemsOf(server, task['id'])).map(({ line, code, message }) => [line, code, message])).toEqual([
      [2, 'INVALID_BODY', expect.stringContaining('JSON')],
      [6, 'CONFLICT', "externalId 'skip-2' was taken before with other data, which differ in status, usageType"],
      [8, 'CONFLICT', "externalId 'posted-2' was taken before with other data, which differ in description"],
      [9, 'INVALID_BODY', 'must be a JSON object'],
      [10, 'INVALID_ATTRIBUTE', expect.stringContaining("'colour'")],
      [11, 'MISSING_ATTRIBUTE', expect.stringContaining('usageSpecification')],
      [12, 'INVALID_ATTRIBUTE', expect.stringContaining('usageDate')],
      [13, 'INVALID_ATTRIBUTE', expect.stringContaining('status')],
      [14, 'INVALID_ATTRIBUTE', expect.stringContaining('usageDate')],
      [15, 'INVALID_ATTRIBUTE', expect.stringContaining('usageDate')],
    ]);
    const rows = await usagesOf(server, '&source=switch-1');
    expect(rows.map(({ externalId, description }) => externalId ?? description)).toEqual([
      'posted-1',
      'posted-2',
      'skip-1',
      'skip-2',
      'nameless',
      'nameless',
    ]);
    const events = await createdEvents(rows.map(({ id }) => id));
    expect(events.map(({ eventType }) => eventType)).toEqual(rows.map(() => 'UsageCreateEvent'));
    expect(new Set(events.map(({ resourceId }) => resourceId)).size).toBe(rows.length);
  });

  it('gives the very usage and event that a POST gives', async () => {
    const whole = usage(undefined, {
      source: 'parity',
      status: 'rated',
      usageType: 'voice',
      description: 'Größe "quoted", 50%',
      usageCharacteristic: [
        { name: 'duration', value: 12.5, valueType: 'number' },
        { name: 'from', value: { country: 'DE', cells: [1, null, 'x'] } },
      ],
      ratedProductUsage: [
        {
          taxIncludedRatingAmount: { value: 0.000000001, unit: 'EUR' },
          taxRate: 7.5,
          ratingDate: '2026-03-03T02:00:00+02:00',
          isBilled: false,
        },
      ],
      relatedParty: [{ id: '42', role: 'customer', '@referredType': 'Individual', '@type': 'RelatedParty' }],
      '@schemaLocation': 'https://schemas.example/cdr.json',
      cell: { id: 1 },
    });
    await taken(server, { content: linesOf([{ ...whole, externalId: 'imported' }]) });
    await server.rest('POST', '/usage', { body: { ...whole, externalId: 'posted' } });
    const [[imported], [posted]] = [await found('imported'), await found('posted')];
    expect(withoutIdentity({ ...imported, externalId: '' })).toEqual(withoutIdentity({ ...posted, externalId: '' }));
    const [[one], [other]] = [await createdEvents([imported?.['id']]), await createdEvents([posted?.['id']])];
    const told = ({ id, resourceId, sequence, transactionId, payload, ...event }: any): object => ({
      ...event,
      payload: { ...payload, id: '', externalId: '' },
    });
    expect(told(one)).toEqual(told(other));
    // And a POST of the same data finds the imported one.
    const again = await server.rest('POST', '/usage', { body: { ...whole, externalId: 'imported' } });
    expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([201, 'true', imported]);
  });

  it('checks by the specification, naming the characteristic and the line', async () => {
    const { body } = await server.rest('POST', '/usageSpecification', {
      body: {
        name: 'Call',
        specCharacteristic: [
          {
            name: 'duration',
            valueType: 'integer',
            minCardinality: 1,
            characteristicValueSpecification: [{ valueFrom: 0 }],
          },
          { name: 'number', regex: '^[0-9]+$' },
        ],
      },
    });
    const call = (...characteristics: unknown[][]): Json =>
      usage(undefined, {
        source: 'calls',
        usageSpecification: { id: body.id },
        usageCharacteristic: characteristics.map(([name, value]) => ({ name, value })),
      });
    const task = await taken(server, {
      content: linesOf([
        call(['duration', 3]),
        call(),
        call(['duration', -1]),
        call(['duration', '7'], ['number', '49a']),
        call(['duration', '8']),
      ]),
    });
    expect(figures(task)).toEqual(['succeeded', 5, 2, 0, 3]);
    expect(
      (await problemsOf(server, task['id'])).map(({ line, message }) => [
        line,
        /'(duration|number)'/.exec(message)?.[1],
      ]),
    ).toEqual([
      [2, 'duration'],
      [3, 'duration'],
      [4, 'number'],
    ]);
  });

  it('charges no bucket: lines that ask for it are refused by name', async () => {
    const { body: bucket } = await server.rest('POST', '/bucket', {
      body: { usageType: 'monetary', remainingValue: { amount: 10, units: 'EUR' } },
    });
    const charged = usage('charged', { chargeTo: { bucket: { id: bucket.id }, amount: { amount: 1, units: 'EUR' } } });
    const task = await taken(server, { content: linesOf([charged, usage('uncharged')]) });
    expect([figures(task), await problemsOf(server, task['id'])]).toEqual([
      ['succeeded', 2, 1, 0, 1],
      [{ line: 1, code: 'INVALID_ATTRIBUTE', message: expect.stringContaining('chargeTo') }],
    ]);
    expect((await server.rest('GET', `/bucket/${bucket.id}`)).body.remainingValue.amount).toBe(10);
    const columns = 'usageSpecification.id,chargeTo.bucket.id,chargeTo.amount.amount,chargeTo.amount.units';
    expect(figures(await taken(server, { content: `${columns}\ns,${bucket.id},1,EUR`, type: csv }))).toEqual([
      'succeeded',
      1,
      0,
      0,
      1,
    ]);
  });

  it('knows the names of earlier files', async () => {
    const file = linesOf(Array.from({ length: 30 }, (_, index) => usage(`earlier-${index}`)));
    expect(figures(await taken(server, { content: file }))).toEqual(['succeeded', 30, 30, 0, 0]);
    expect(figures(await taken(server, { content: file + linesOf([usage('earlier-new')]) }))).toEqual([
      'succeeded',
      31,
      1,
      30,
      0,
    ]);
  });

  it('takes the name of a usage that was deleted anew', async () => {
    await taken(server, { content: linesOf([usage('deleted')]) });
    const [{ id } = {}] = await found('deleted');
    expect((await server.rest('DELETE', `/usage/${id}`)).status).toBe(204);
    expect(figures(await taken(server, { content: linesOf([usage('deleted', { usageType: 'other' })]) }))).toEqual([
      'succeeded',
      1,
      1,
      0,
      0,
    ]);
  });
});

describe('an import of all or nothing', () => {
  it('takes all when all can be taken, duplicates included', async () => {
    const usages = Array.from({ length: 2_500 }, (_, index) => usage(`all-${index % 2_400}`, { source: 'all' }));
    const task = await taken(server, { content: linesOf(usages), mode: 'allOrNothing' });
    expect(figures(task)).toEqual(['succeeded', 2_500, 2_400, 100, 0]);
    const answer = await server.rest('GET', '/usage?source=all&limit=1');
    expect(answer.headers.get('x-total-count')).toBe('2400');
  });

  it.each([
    ['a line that is bad', 'no usage', 'INVALID_BODY'],
    ['a name that is taken with other data', JSON.stringify(usage('none-taken', { usageType: 'other' })), 'CONFLICT'],
  ])('takes nothing when there is %s', async (_what, bad, code) => {
    await server.rest('POST', '/usage', { body: usage('none-taken') });
    const usages = Array.from({ length: 1_200 }, (_, index) => usage(`none-${index}`, { source: 'none' }));
    const task = await taken(server, {
      content: `${linesOf(usages)}${bad}\n${linesOf([usage('none-more', { source: 'none' })])}`,
      mode: 'allOrNothing',
    });
    expect(figures(task)).toEqual(['failed', 1_202, 0, 0, 1]);
    expect(task['message']).toBe('1 of 1202 lines were refused, so none was taken');
    expect(await problemsOf(server, task['id'])).toEqual([{ line: 1_201, code, message: expect.any(String) }]);
    expect(await usagesOf(server, '&source=none')).toEqual([]);
    expect(await server.database.client.usageOrigin.findMany({ where: { source: 'none' } })).toEqual([]);
    expect(await server.database.client.usageImportBatch.findMany()).toEqual([]);
    expect((await put(server, task['id'], { content: linesOf(usages) })).status).toBe(409);
  });

  it('refuses two lines of one name that differ', async () => {
    const task = await taken(server, {
      content: linesOf([usage('twice'), usage('twice', { usageType: 'b' })]),
      mode: 'allOrNothing',
    });
    expect([figures(task), await problemsOf(server, task['id'])]).toEqual([
      ['failed', 2, 0, 0, 1],
      [{ line: 2, code: 'CONFLICT', message: expect.stringContaining('usageType') }],
    ]);
    expect(await found('twice')).toEqual([]);
  });
});

describe('a task made first', () => {
  const mutation = `mutation ($input: UsageImportCreate!) { createUsageImport(input: $input) { id status mode contentType uploadUrl url errorLog lines accepted duplicates rejected } }`;

  it.each(['PUT', 'POST'])('by GraphQL gets its file by %s to uploadUrl', async (method) => {
    const { data, errors } = await server.graphql(mutation, { input: { mode: 'allOrNothing' } });
    expect(errors).toBeUndefined();
    const { id, uploadUrl } = data.createUsageImport;
    expect(data.createUsageImport).toMatchObject({
      status: 'notStarted',
      mode: 'allOrNothing',
      contentType: ndjson,
      url: uploadUrl,
      lines: 0,
    });
    const answer = await fetch(uploadUrl, {
      method,
      headers: { 'content-type': ndjson },
      body: linesOf([usage(`by-${method}`)]),
    });
    expect([answer.status, ((await answer.json()) as Json)['id']]).toEqual([200, id]);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 1, 1, 0, 0]);
    const after = await server.graphql(
      `{ usageImport(id: "${id}") { status accepted completionDate } usageImports(filter: { id: { eq: "${id}" } }) { items { accepted } } }`,
    );
    expect(after.data).toEqual({
      usageImport: { status: 'succeeded', accepted: 1, completionDate: server.clock.now().toISOString() },
      usageImports: { items: [{ accepted: 1 }] },
    });
    expect((await put(server, id, { content: linesOf([usage('late')]) }, method)).status).toBe(409);
    expect(await found('late')).toEqual([]);
  });

  it('tells its changes as events', async () => {
    const { id } = await taken(server, { content: linesOf([usage('events')]) });
    const events = await server.database.client.outbox.findMany({ where: { resourceId: id }, orderBy: { id: 'asc' } });
    expect(events.map(({ eventType, payload }) => [eventType, (payload as Json)['status']])).toEqual([
      ['UsageImportCreateEvent', 'notStarted'],
      ['UsageImportStateChangeEvent', 'running'],
      ['UsageImportStateChangeEvent', 'succeeded'],
    ]);
  });

  it('is deleted with its report when it does not run, and its usages stay', async () => {
    const task = await taken(server, { content: `${linesOf([usage('stays')])}bad\n` });
    expect((await server.rest('DELETE', `/importJob/${task['id']}`)).status).toBe(204);
    expect((await server.rest('GET', `/importJob/${task['id']}`)).status).toBe(404);
    expect((await fetch(task['errorLog'])).status).toBe(404);
    expect(await server.database.client.usageImportProblem.findMany({ where: { importId: task['id'] } })).toEqual([]);
    expect(await found('stays')).toHaveLength(1);
    expect((await put(server, task['id'], { content: '' })).status).toBe(404);
  });
});

describe('what is no import', () => {
  it.each([
    ['another Content-Type than the task has', 415, 'PUT', '/content', csv, ''],
    ['a Content-Type that no file has', 415, 'PUT', '/content', 'application/xml', ''],
    ['another method', 405, 'PATCH', '/content', ndjson, ''],
    ['another method on the report', 405, 'PUT', '/errorLog', ndjson, ''],
    ['a parameter of something else', 400, 'PUT', '/content', ndjson, '?mode=skipBad'],
    ['another charset', 415, 'PUT', '/content', `${ndjson}; charset=iso-8859-1`, ''],
  ])('%s is answered with %i, and does the task no harm', async (_what, status, method, part, type, query) => {
    const { id } = await makeTask(server);
    const answer = await server.rest(method, `/importJob/${id}${part}${query}`, {
      text: linesOf([usage()]),
      headers: { 'content-type': type },
    });
    expect([answer.status, answer.body]).toEqual([
      status,
      expect.objectContaining({ '@type': 'Error', status: String(status) }),
    ]);
    expect(await taskOf(server, id)).toMatchObject({ status: 'notStarted', lines: 0 });
  });

  it.each([
    ['an unknown mode', 400, '?mode=maybe', {}],
    ['an unknown parameter', 400, '?colour=red', {}],
    ['a parameter that is given twice', 400, '?mode=skipBad&mode=allOrNothing', {}],
    ['another Content-Encoding', 415, '', { 'content-encoding': 'br' }],
    ['another charset', 415, '', { 'content-type': 'text/csv;charset="latin1"' }],
    ['an unknown Content-Type', 415, '', { 'content-type': 'text/plain' }],
    ['CSV as what a browser with a spreadsheet calls it', 415, '', { 'content-type': 'application/vnd.ms-excel' }],
    ['the same with a mode', 415, '?mode=skipBad', { 'content-type': 'application/vnd.ms-excel' }],
    [
      'an unknown Content-Type with an unknown parameter',
      415,
      '?colour=red',
      { 'content-type': 'application/octet-stream' },
    ],
    ['no Content-Type with a mode', 415, '?mode=skipBad', { 'content-type': '' }],
  ])('%s is answered with %i, and makes no task', async (_what, status, query, headers) => {
    const before = await server.database.client.usageImport.count();
    const answer = await server.rest('POST', `/importJob${query}`, {
      text: linesOf([usage()]),
      headers: { 'content-type': ndjson, ...headers },
    });
    expect([answer.status, await server.database.client.usageImport.count()]).toEqual([status, before]);
    if (status === 415) expect(answer.body.message).not.toContain('filter');
  });

  it('a file for another resource is refused', async () => {
    expect(
      (await server.rest('POST', '/usage', { text: linesOf([usage()]), headers: { 'content-type': ndjson } })).status,
    ).toBe(415);
  });

  it('a file for a task that does not exist is answered with 404 naming it', async () => {
    const answer = await put(server, 'no-such-id', { content: linesOf([usage()]) });
    expect([answer.status, answer.body.message]).toEqual([404, expect.stringContaining("'no-such-id'")]);
    expect((await server.rest('GET', '/importJob/no-such-id/errorLog')).status).toBe(404);
  });

  it('a task of an unknown mode or type is refused at both doors', async () => {
    for (const input of [{ mode: 'maybe' }, { contentType: 'text/plain' }]) {
      expect((await server.rest('POST', '/importJob', { body: input })).status).toBe(400);
      const { errors } = await server.graphql(
        'mutation ($input: UsageImportCreate!) { createUsageImport(input: $input) { id } }',
        { input },
      );
      expect(errors?.[0]?.extensions.status).toBe(400);
    }
  });
});

it('the address of a new task is in its Location', async () => {
  const { status, headers, body } = await post(server, { content: linesOf([usage()]) });
  const href = `${server.url}${importPath}/${body.id}`;
  expect([status, headers['location'], body.href, body.url, body.errorLog]).toEqual([
    201,
    href,
    href,
    `${href}/content`,
    `${href}/errorLog`,
  ]);
});
