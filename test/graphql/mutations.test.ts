import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isNonNullType, type GraphQLSchema } from 'graphql';
import { clientSchema } from '../fixtures/schema.js';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server.js';

/** A document runs interpreted the first time and compiled from the second on. */
const times = 3;

describe('several mutations in one document', () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  beforeAll(async () => {
    server = await startTestServer();
    schema = await clientSchema(server);
  });
  afterAll(() => server.close());

  const bucket = async (amount: number): Promise<string> =>
    (
      await server.rest('POST', '/bucket', {
        body: { usageType: 'monetary', remainingValue: { amount, units: 'EUR' } },
      })
    ).body.id;
  const remaining = async (id: string): Promise<number> =>
    (await server.rest('GET', `/bucket/${id}`)).body.remainingValue.amount;
  const expectFailures = (answer: GraphqlAnswer, expected: Record<string, string>): void => {
    const told = Object.fromEntries(
      (answer.errors ?? []).map(({ path, extensions }) => [String(path?.[0]), extensions.code]),
    );
    expect([answer.status, told, answer.errors?.length]).toEqual([200, expected, Object.keys(expected).length]);
    // A null without an error never happens.
    expect(
      Object.keys(answer.data)
        .filter((name) => answer.data[name] === null)
        .sort(),
    ).toEqual(Object.keys(expected).sort());
  };

  it('may each be null', () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    expect(fields.length).toBeGreaterThan(30);
    expect(fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([]);
  });

  it('tell each its own outcome, and those behind a failure run', async () => {
    const document = `mutation ($id: ID!, $reserve: ReserveBalanceCreate!, $top: TopupBalanceCreate!, $bad: BucketUpdate!) {
      first: createTopupBalance(input: $top) { id status bucket { target { id } } }
      tooMuch: createReserveBalance(input: $reserve) { id }
      invalid: updateBucket(id: $id, input: $bad) { id }
      unknown: deleteBucket(id: "nobody")
      stale: deleteBucket(id: $id, ifRevision: 0)
      last: createTopupBalance(input: $top) { id status }
    }`;
    const failures = {
      tooMuch: 'INSUFFICIENT_REMAINING',
      invalid: 'INVALID_ATTRIBUTE',
      unknown: 'NOT_FOUND',
      stale: 'REVISION_MISMATCH',
    };
    const id = await bucket(5);
    const amount = (value: number): object => ({ bucket: { refId: id }, amount: { amount: value, units: 'EUR' } });
    for (let time = 1; time <= times; time += 1) {
      const answer = await server.graphql(document, {
        id,
        reserve: amount(1_000_000),
        top: amount(1),
        bad: { usageType: null },
      });
      expectFailures(answer, failures);
      expect([answer.data.first.status, answer.data.first.bucket.target.id, answer.data.last.status]).toEqual([
        'completed',
        id,
        'completed',
      ]);
      expect(await remaining(id)).toBe(5 + 2 * time);
    }
  });

  it('tell it in literals, through fragments, and when all of them fail', async () => {
    const id = await bucket(1);
    const debit = (value: number): string =>
      `createAdjustBalance(input: { adjustType: "manualDebit", bucket: { refId: "${id}" }, amount: { amount: ${value}, units: "EUR" } }) { id }`;
    const document = `mutation { ...both last: ${debit(2)} } fragment both on Mutation { a: ${debit(3)} b: deleteUsage(id: "x") }`;
    for (let time = 1; time <= times; time += 1) {
      expectFailures(await server.graphql(document), {
        a: 'INSUFFICIENT_REMAINING',
        b: 'NOT_FOUND',
        last: 'INSUFFICIENT_REMAINING',
      });
    }
    expect(await remaining(id)).toBe(1);
  });

  it('are all done or none where one creates several', async () => {
    const inputs = [{ name: 'one' }, { name: '' }];
    for (let time = 1; time <= times; time += 1) {
      const answer = await server.graphql(
        'mutation ($inputs: [BillCycleSpecificationCreate!]!) { createBillCycleSpecifications(inputs: $inputs) { id } }',
        { inputs },
      );
      expectFailures(answer, { createBillCycleSpecifications: 'INVALID_ATTRIBUTE' });
    }
    expect((await server.rest('GET', '/billCycleSpecification')).body).toEqual([]);
  });

  it('answer TMF REST with the refusal, not with nothing', async () => {
    const id = await bucket(1);
    const refused = await server.rest('POST', '/reserveBalance', {
      body: { bucket: { id }, amount: { amount: 2, units: 'EUR' } },
    });
    expect([refused.status, refused.body.code]).toEqual([409, '114']);
    expect((await server.rest('DELETE', '/bucket/nobody')).body).toMatchObject({ status: '404' });
    expect((await server.rest('PATCH', `/bucket/${id}`, { body: { usageType: null } })).body).toMatchObject({
      status: '400',
    });
  });
});
