import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import { concurrently } from '../../support/concurrently.js';

/** Longer than a look at a process that lives takes on a busy machine. */
const liveMaxMs = 10_000;
const isEmbedded = !process.env.TEST_DATABASE_URL;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const text = 'ab'.repeat(200_000);
  await concurrently(20, (index) =>
    server.rest('POST', '/usage', {
      body: {
        usageSpecification: { id: 's' },
        usageType: `type ${index}`,
        description: text,
        usageCharacteristic: [{ name: 'n', value: text }],
      },
    }),
  );
});
afterAll(() => server.close());

/** 254 states over 8 MB. */
const regex = '(?:[a-c].?){40}.{40}[xyz]';

describe('a regular expression on long texts', () => {
  it.each([
    [
      'of an attribute',
      `{ usages(filter: { description: { regex: "${regex}" } }) { totalCount items { id } } }`,
      'description',
    ],
    [
      'within lists, and negated',
      `{ usages(filter: { not: { usageCharacteristic: { some: { name: { regex: "${regex}" } } } } }) { items { id } } }`,
      'usageCharacteristic',
    ],
    [
      'in a sum',
      `{ usageAggregate(groupBy: [], filter: { or: [{ usageType: { eq: "x" } }, { description: { regex: "${regex}" } }] }) { count } }`,
      'description',
    ],
  ])('does not stop the process: %s', async (_title, query, attribute) => {
    const asked = server.graphql(query);
    const live = await fetch(`${server.url}/health/live`, { signal: AbortSignal.timeout(liveMaxMs) });
    expect(live.status).toBe(200);
    if (!isEmbedded) return;
    const { status, errors } = await asked;
    expect([status, errors?.[0]?.message]).toEqual([
      200,
      expect.stringMatching(new RegExp(`for ${attribute} .*REGEX_STATEMENT_WORK_MAX`)),
    ]);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_QUERY', status: 400 });
  });

  it('is taken where there is little to look at', async () => {
    const { data, errors } = await server.graphql(
      '{ usages(filter: { usageType: { regex: "^type 1[0-9]?$" } }) { totalCount } }',
    );
    expect([errors, data.usages.totalCount]).toEqual([undefined, 11]);
  });

  it('is refused in REST, too', async () => {
    const { status, body } = await server.rest('GET', `/usage?description.regex=${encodeURIComponent('a+x')}`);
    // Few states: admitted wherever it is.
    expect([status, body]).toEqual([200, []]);
    if (!isEmbedded) return;
    expect(await server.rest('GET', `/usage?description.regex=${encodeURIComponent(regex)}`)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('REGEX_STATEMENT_WORK_MAX') },
    });
  });
});
