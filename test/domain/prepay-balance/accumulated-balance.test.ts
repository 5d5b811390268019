import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { Prisma } from '../../../prisma/generated/client.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { actions, eur, makeBucket, makeBuckets, makeReservation, read } from './balances.js';
import { create } from './transports.js';
import { proofSize } from '../../support/proof.js';

const runs = proofSize('RUNS', { short: 5, long: 30 });

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const party = (id: string, more: object = {}): object => ({ id, '@referredType': 'Individual', ...more });
const find = async (query: string): Promise<any[]> => (await server.rest('GET', `/accumulatedBalance?${query}`)).body;
const sumsOf = async (query: string): Promise<unknown[]> =>
  (await find(query)).map(({ id, totalBalance }) => [id, totalBalance.amount]);
const patch = (id: string, body: object): Promise<unknown> => server.rest('PATCH', `/bucket/${id}`, { body });
const move = (type: 'topup' | 'debit', id: string, amount: number): Promise<unknown> =>
  create(server, 'rest', actions[type].type, {
    ...actions[type].attributes,
    bucket: { id },
    amount: eur(amount),
    usageType: 'monetary',
  });

describe('an accumulated balance', () => {
  it('sums up what each owner of buckets has left, of each usageType and units', async () => {
    const owners = {
      relatedParty: [party('p1'), party('p2')],
      partyAccount: { id: 'a1' },
      product: [{ id: 'x1' }],
      logicalResource: [{ value: '4917' }],
    };
    const first = await makeBucket(server, '0.1', owners);
    await makeBucket(server, '0.2', { relatedParty: [party('p1', { role: 'payer' }), party('p1', { role: 'user' })] });
    await makeBucket(server, '5', { usageType: 'other', relatedParty: [party('p1')] });
    expect(await sumsOf('relatedParty.id=p1')).toEqual([
      ['relatedParty~p1~monetary~EUR', 0.3],
      ['relatedParty~p1~other~EUR', 5],
    ]);
    expect(await sumsOf('relatedParty.id=p2')).toEqual([['relatedParty~p2~monetary~EUR', 0.1]]);
    expect(await sumsOf('partyAccount.id=a1')).toEqual([['partyAccount~a1~monetary~EUR', 0.1]]);
    expect(await sumsOf('product.id=x1')).toEqual([['product~x1~monetary~EUR', 0.1]]);
    const [row] = await find('logicalResource.id=4917');
    expect(row).toEqual({
      id: 'logicalResource~4917~monetary~EUR',
      href: `${server.url}/tmf-api/prepayBalanceManagement/v4/accumulatedBalance/logicalResource~4917~monetary~EUR`,
      name: '4917, monetary in EUR',
      description: 'what 1 bucket has left',
      usageType: 'monetary',
      totalBalance: eur(0.1),
      bucket: [{ id: first, usageType: 'monetary' }],
      logicalResource: [{ id: '4917', value: '4917' }],
    });
  });

  it('leaves out what is reserved, and changes its ETag with every movement', async () => {
    const id = await makeBucket(server, 10, { relatedParty: [party('etag')] });
    const address = '/accumulatedBalance/relatedParty~etag~monetary~EUR';
    const tags = new Set<string | null>();
    const look = async (): Promise<unknown> => {
      const { body, headers } = await server.rest('GET', address);
      tags.add(headers.get('etag'));
      return body.totalBalance.amount;
    };
    expect(await look()).toBe(10);
    await makeReservation(server, id, 4);
    expect(await look()).toBe(6);
    await move('topup', id, 1);
    expect(await look()).toBe(7);
    await makeBucket(server, 0, { relatedParty: [party('etag')] });
    expect([await look(), tags.size]).toEqual([7, 4]);
    const { headers } = await server.rest('GET', address);
    expect(
      (await server.rest('GET', address, { headers: { 'if-none-match': String(headers.get('etag')) } })).status,
    ).toBe(304);
  });

  it('counts active buckets within their validity, as of now', async () => {
    const relatedParty = [party('valid')];
    const suspended = await makeBucket(server, 1, { relatedParty });
    await patch(suspended, { status: 'suspended' });
    await makeBucket(server, 2, { relatedParty, status: 'expired' });
    await makeBucket(server, 4, { relatedParty, validFor: { startDateTime: '2026-06-01T00:00:00.000Z' } });
    await makeBucket(server, 8, { relatedParty, validFor: { endDateTime: '2026-09-01T00:00:00.000Z' } });
    const totals: unknown[] = [];
    for (const time of [
      '2026-05-31T23:59:59.999Z',
      '2026-06-01T00:00:00.000Z',
      '2026-08-31T23:59:59.999Z',
      '2026-09-01T00:00:00.000Z',
    ]) {
      server.clock.set(time);
      totals.push((await find('relatedParty.id=valid'))[0].totalBalance.amount);
    }
    expect(totals).toEqual([8, 12, 12, 4]);
    await patch(suspended, { status: 'active' });
    expect(await sumsOf('relatedParty.id=valid')).toEqual([['relatedParty~valid~monetary~EUR', 5]]);
  });

  it('is not there for buckets that count nothing yet, are gone, or have another owner now', async () => {
    const id = await makeBucket(server, undefined, { relatedParty: [party('before')] });
    expect(await find('relatedParty.id=before')).toEqual([]);
    await move('topup', id, 3);
    expect(await sumsOf('relatedParty.id=before')).toEqual([['relatedParty~before~monetary~EUR', 3]]);
    await patch(id, { relatedParty: [party('after')], usageType: 'other' });
    expect([await find('relatedParty.id=before'), await sumsOf('relatedParty.id=after')]).toEqual([
      [],
      [['relatedParty~after~other~EUR', 3]],
    ]);
    await move('debit', id, 3);
    expect(await sumsOf('relatedParty.id=after')).toEqual([['relatedParty~after~other~EUR', 0]]);
    expect((await server.rest('DELETE', `/bucket/${id}`)).status).toBe(204);
    expect(await find('relatedParty.id=after')).toEqual([]);
    expect((await server.rest('GET', '/accumulatedBalance/relatedParty~after~other~EUR')).status).toBe(404);
    expect(
      await server.database.query(Prisma.sql`SELECT * FROM "BalanceGroupBucket" WHERE "bucketId" = ${id}`),
    ).toEqual([]);
  });

  it('follows whatever writes buckets', async () => {
    const id = await makeBucket(server, 3, { partyAccount: { id: 'by-hand' } });
    await server.database.query(Prisma.sql`
      UPDATE "Bucket" SET "remainingValueUnits" = 'USD', "usageType" = 'data', "partyAccount" = '{"id": "by-other-hand"}', "product" = '[{"id": "by-hand"}]' WHERE "id" = ${id}`);
    expect(await find('partyAccount.id=by-hand')).toEqual([]);
    expect(await sumsOf('partyAccount.id=by-other-hand;product.id=by-hand')).toEqual([
      ['partyAccount~by-other-hand~data~USD', 3],
      ['product~by-hand~data~USD', 3],
    ]);
  });

  it('tells of its owner what the bucket that was written last tells', async () => {
    const id = await makeBucket(server, 1, { partyAccount: { id: 'named', name: 'Old', status: 'due' } });
    await makeBucket(server, 1, { partyAccount: { id: 'named', name: 'New' } });
    expect((await find('partyAccount.id=named'))[0]).toMatchObject({
      name: 'New, monetary in EUR',
      partyAccount: { id: 'named', name: 'New' },
    });
    await patch(id, { partyAccount: { id: 'named', name: 'Newest' } });
    expect((await find('partyAccount.name=Newest'))[0].totalBalance).toEqual(eur(2));
  });

  it('has an id of its own whatever its owner is called, as one segment of a path', async () => {
    const owners = [
      'a~b',
      'a',
      'b~monetary',
      '~',
      '%7E',
      '*',
      'a/b?c#d',
      'Größe 100%',
      '',
      'x'.repeat(3_000),
      `${'x'.repeat(2_999)}y`,
      '😀'.repeat(500),
    ];
    for (const [index, id] of owners.entries()) await makeBucket(server, index + 1, { product: [{ id }] });
    const rows = await find('product.id.isnull=false&limit=1000');
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const [index, owner] of owners.entries()) {
      const [row] = rows.filter(({ product }) => product[0].id === owner);
      expect([owner.slice(0, 20), row.totalBalance.amount]).toEqual([owner.slice(0, 20), index + 1]);
      expect(row.id.split('~')).toHaveLength(4);
      const { status, body } = await server.rest('GET', `/accumulatedBalance/${encodeURIComponent(row.id)}`);
      expect([status, body]).toEqual([200, row]);
      expect(await (await fetch(row.href)).json()).toEqual(row);
    }
    expect(rows.find(({ product }) => product[0].id === 'a~b').id).toBe('product~a%7Eb~monetary~EUR');
  });

  it('names a hundred buckets and sums up all', async () => {
    await makeBuckets(server, 130, 1, { partyAccount: { id: 'many' } });
    const [{ bucket, totalBalance, description }] = await find('partyAccount.id=many');
    expect([bucket.length, totalBalance, description]).toEqual([100, eur(130), 'what 130 buckets have left']);
    expect(bucket.map(({ id }: any) => id)).toEqual(bucket.map(({ id }: any) => id).sort());
  });

  it('adds up more digits than a floating-point number keeps', async () => {
    for (const amount of ['99999999.9999999', '0.000000001', '0.0000001'])
      await makeBucket(server, amount, { partyAccount: { id: 'digits' } });
    const sums = await server.database.query<{ amount: string }>(Prisma.sql`
      SELECT a."totalBalanceAmount"::text AS "amount" FROM "accumulatedBalancesAt"(${server.clock.now().toISOString()}::timestamptz) a WHERE a."id" = 'partyAccount~digits~monetary~EUR'`);
    expect(sums).toEqual([{ amount: '100000000.000000001' }]);
  });

  it(`is what its buckets give, whatever happens to them, in ${runs} histories`, async () => {
    const owner = fc.constantFrom('one', 'two', 'three');
    const step = fc.record({
      kind: fc.constantFrom('bucket' as const, 'topup' as const, 'debit' as const, 'status' as const, 'owner' as const),
      at: fc.nat(20),
      cents: fc.integer({ min: 1, max: 900 }),
      owners: fc.uniqueArray(owner, { maxLength: 2 }),
      isActive: fc.boolean(),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        run += 1;
        const ids: string[] = [];
        for (const { kind, at, cents, owners, isActive } of steps) {
          const relatedParty = owners.map((name) => party(`${name} of ${run}`));
          const id = ids[at % Math.max(1, ids.length)];
          if (kind === 'bucket' || id === undefined)
            ids.push(await makeBucket(server, cents % 3 === 0 ? undefined : cents / 100, { relatedParty }));
          else if (kind === 'status') await patch(id, { status: isActive ? 'active' : 'suspended' });
          else if (kind === 'owner') await patch(id, { relatedParty });
          else await move(kind, id, cents / 100);
        }
        const buckets = await Promise.all(ids.map((id) => read(server, 'Bucket', id)));
        for (const name of ['one', 'two', 'three'].map((each) => `${each} of ${run}`)) {
          const counted = buckets.filter(
            ({ status, remainingValue, relatedParty }) =>
              status === 'active' && remainingValue && relatedParty?.some(({ id }: any) => id === name),
          );
          const total = counted
            .reduce((sum, { remainingValue }) => sum.plus(remainingValue.amount), new Decimal(0))
            .toNumber();
          const rows = await find(`relatedParty.id=${encodeURIComponent(name)}`);
          expect(rows.map(({ totalBalance, bucket }) => [totalBalance, bucket.map(({ id }: any) => id)])).toEqual(
            counted.length === 0 ? [] : [[eur(total), counted.map(({ id }) => id).sort()]],
          );
        }
      }),
      { seed, numRuns: runs },
    );
  });

  it('is the same for buckets that are made and changed at once', async () => {
    const relatedParty = [party('busy'), party('busier')];
    const ids = await Promise.all(
      Array.from({ length: 12 }, (_, at) =>
        makeBucket(server, 1, { relatedParty: at % 2 ? relatedParty : [...relatedParty].reverse() }),
      ),
    );
    await Promise.all(ids.flatMap((id) => [move('topup', id, 1), patch(id, { relatedParty })]));
    expect(await sumsOf('relatedParty.id=busy')).toEqual([['relatedParty~busy~monetary~EUR', 24]]);
  });
});
