import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eur, makeBucket } from '../domain/prepay-balance/balances.js';
import { startTestServer, type TestServer } from '../support/server.js';

describe('balanceAsOf', () => {
  let server: TestServer;
  let id: string;
  /** Before the bucket, when it held 10, and when it held 7 and 2 in reserve. */
  const times: string[] = [];

  beforeAll(async () => {
    server = await startTestServer();
    const now = (): string => server.clock.now().toISOString();
    times.push(now());
    server.clock.advance(60_000);
    id = await makeBucket(server, 10);
    times.push(now());
    server.clock.advance(60_000);
    await server.rest('POST', '/adjustBalance', {
      body: { bucket: { id }, amount: eur(1), adjustType: 'oneTimeChargeDebit' },
    });
    await server.rest('POST', '/reserveBalance', { body: { bucket: { id }, amount: eur(2) } });
    times.push(now());
    server.clock.advance(60_000);
    await makeBucket(server, undefined, { name: 'never filled' });
  });
  afterAll(() => server.close());

  const fields = '{ sequence remainingValue { amount units } reservedValue { amount units } }';
  const standing = (sequence: number, remaining: number, reserved: number): object => ({
    sequence,
    remainingValue: eur(remaining),
    reservedValue: eur(reserved),
  });

  it('tells what a bucket held, several instants and the present in one answer', async () => {
    const { data, errors } = await server.graphql(
      `query ($id: ID!, $a: DateTime!, $b: DateTime!, $c: DateTime!) { bucket(id: $id) {
        id before: balanceAsOf(at: $a) ${fields} first: balanceAsOf(at: $b) ${fields} last: balanceAsOf(at: $c) ${fields}
        remainingValue { amount } } }`,
      { id, a: times[0], b: times[1], c: times[2] },
    );
    expect([errors, data]).toEqual([
      undefined,
      {
        bucket: {
          id,
          before: null,
          first: standing(1, 10, 0),
          last: standing(3, 7, 2),
          remainingValue: { amount: 7 },
        },
      },
    ]);
  });

  it('tells it of every bucket of a list, and of one behind a reference', async () => {
    const { data } = await server.graphql(
      `query ($b: DateTime!) {
        buckets { items { name balanceAsOf(at: $b) ${fields} } }
        balanceActions(limit: 1) { items { bucket { target { balanceAsOf(at: $b) { remainingValue { amount } } } } } } }`,
      { b: times[1] },
    );
    expect(data.buckets.items.map(({ balanceAsOf }: any) => balanceAsOf)).toEqual([standing(1, 10, 0), null]);
    expect(data.balanceActions.items[0].bucket.target).toEqual({ balanceAsOf: { remainingValue: { amount: 10 } } });
  });

  it('tells it behind a change, too', async () => {
    const { data } = await server.graphql(
      `mutation ($id: ID!, $b: DateTime!) { updateBucket(id: $id, input: { description: "x" }) { balanceAsOf(at: $b) ${fields} } }`,
      { id, b: times[1] },
    );
    expect(data.updateBucket.balanceAsOf).toEqual(standing(1, 10, 0));
  });

  it('refuses the future by name, in its place', async () => {
    const { data, errors } = await server.graphql(
      'query ($id: ID!) { bucket(id: $id) { id balanceAsOf(at: "2999-01-01T00:00:00Z") { sequence } } }',
      { id },
    );
    expect(data.bucket).toEqual({ id, balanceAsOf: null });
    expect(errors).toMatchObject([
      {
        path: ['bucket', 'balanceAsOf'],
        extensions: { code: 'INVALID_QUERY' },
        message: expect.stringContaining('at must not be in the future'),
      },
    ]);
  });

  it('has no id, and the argument that answered the bucket itself is deprecated', async () => {
    const { data } = await server.graphql(
      '{ type: __type(name: "PastBalance") { fields { name } } query: __type(name: "Query") { fields { name args(includeDeprecated: true) { name isDeprecated } } } }',
    );
    expect(data.type.fields.map(({ name }: any) => name)).toEqual(['remainingValue', 'reservedValue', 'sequence']);
    const bucket = data.query.fields.find(({ name }: any) => name === 'bucket');
    expect(bucket.args).toContainEqual({ name: 'asOf', isDeprecated: true });
  });
});
