import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bucketOf, party, People } from './people.js';

jest.setTimeout(60_000);

let people: People;
let bucket: string;
beforeAll(async () => {
  people = await People.start({
    agent: { roles: ['agent'] },
    other: { roles: ['agent'] },
    third: { roles: ['agent'] },
    both: { roles: ['agent', 'operator'] },
  });
  bucket = await people.make('/bucket', bucketOf('ann'));
});
afterAll(() => people.close());

const credit = (amount: number, units = 'EUR', type = 'adjustmentCredit'): object => ({
  adjustType: type,
  amount: { amount, units },
  bucket: { id: bucket },
  reason: 'goodwill',
  usageType: 'monetary',
  relatedParty: [party('ann')],
});
const empty = async (who: string, id: string): Promise<number> => {
  const body = { ...credit(20, 'EUR', 'oneTimeChargeDebit'), bucket: { id } };
  return (await people.rest(who, 'POST', '/adjustBalance', body)).status;
};
const grant = (who: string, ...args: Parameters<typeof credit>): ReturnType<People['rest']> =>
  people.rest(who, 'POST', '/adjustBalance', credit(...args));

describe('amounts that a role may move', () => {
  it('are bounded for one action, and by units', async () => {
    const above = await grant('agent', 20.01);
    expect([above.status, above.body.message]).toEqual([
      403,
      'adjustBalance:create is granted up to 20 EUR: 20.01 EUR',
    ]);
    const foreign = await grant('agent', 1, 'CHF');
    expect([foreign.status, foreign.body.message]).toEqual([403, "adjustBalance:create is not granted in 'CHF'"]);
    expect((await people.rest('admin', 'GET', '/adjustBalance')).body).toEqual([]);
  });

  it('are bounded for a day, for each principal, and what is refused does not count', async () => {
    const sent = await Promise.all(Array.from({ length: 14 }, () => grant('agent', 19)));
    const done = sent.filter(({ status }) => status === 201).length;
    expect([done, new Set(sent.map(({ status }) => status))]).toEqual([10, new Set([201, 403])]);
    expect((await grant('agent', 10, 'EUR', 'oneTimeChargeDebit')).status).toBe(201);
    for (let tries = 0; tries < 3; tries++)
      expect((await grant('other', 20, 'EUR', 'oneTimeChargeDebit')).status).toBe(201);
    const [{ remainingValue }] = (await people.rest('admin', 'GET', '/bucket')).body;
    expect(remainingValue).toEqual({ amount: 10 + 190 - 10 - 60, units: 'EUR' });
    expect((await grant('agent', 1)).body.message).toContain('in a day, counted in EUR');
    expect((await grant('other', 1)).status).toBe(201);
  });

  it('do not count what the balance refuses', async () => {
    const poor = await people.make('/bucket', { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } });
    for (let tries = 0; tries < 12; tries++) expect(await empty('third', poor)).toBe(409);
    expect((await grant('third', 20)).status).toBe(201);
  });

  it('repeat under their key without counting again', async () => {
    const key = { ...people.of('other'), 'idempotency-key': 'again' };
    const once = (): ReturnType<People['rest']> =>
      people.server.rest('POST', '/adjustBalance', { headers: key, body: credit(20) });
    const first = await once();
    expect(first.status).toBe(201);
    for (let again = 0; again < 8; again++) expect((await once()).body.id).toBe(first.body.id);
    for (let more = 0; more < 5; more++) expect((await grant('other', 19)).status).toBe(201);
  });

  it('have no bounds where another role grants without', async () => {
    expect((await grant('both', 500)).status).toBe(201);
  });

  it('count anew the next day', async () => {
    people.server.clock.advance(86_400_000);
    await people.renew('agent', { roles: ['agent'] });
    expect((await grant('agent', 19)).status).toBe(201);
  });
});

describe('an idempotency key', () => {
  it('belongs to its principal', async () => {
    const keyed = (who: string, name: string): ReturnType<People['rest']> =>
      people.server.rest('POST', '/bucket', {
        headers: { ...people.of(who), 'idempotency-key': 'one key' },
        body: bucketOf('ann', name),
      });
    await people.renew('admin', { roles: ['admin'] });
    await people.renew('both', { roles: ['agent', 'operator'] });
    const mine = await keyed('admin', 'mine');
    const theirs = await keyed('both', 'theirs');
    expect([mine.status, theirs.status, theirs.body.name]).toEqual([201, 201, 'theirs']);
    const again = await keyed('admin', 'mine');
    expect([again.body.id, again.headers.get('idempotency-replayed')]).toEqual([mine.body.id, 'true']);
    const reused = await keyed('admin', 'other');
    expect([reused.status, reused.body.message]).toEqual([
      422,
      "Idempotency-Key 'one key' was used for another request",
    ]);
  });
});
