import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { areConvertible, convertibleUnits, fromBase, toBase } from '../../../src/domain/units.js';
import { Decimal } from '../../../src/platform/decimal.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { accepted, actions, balanceTables, ledgerProblems, make, read } from './balances.js';
import { commitVerb, create, transports } from './transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Amount = { amount: number | string; units: string };
const of = (amount: number | string, units: string): Amount => ({ amount, units });
const makeOf = async (amount: number | string | undefined, units = '', attributes: object = {}): Promise<string> =>
  (
    await make(server, 'Bucket', {
      usageType: 'data',
      ...(amount !== undefined && { remainingValue: of(amount, units) }),
      ...attributes,
    })
  ).id;
const left = async (id: string): Promise<[number, number]> => {
  const { remainingValue, reservedValue } = await read(server, 'Bucket', id);
  return [remainingValue.amount, reservedValue.amount];
};

describe('units', () => {
  const bytes: [string, string][] = [
    ['B', '1'],
    ['kB', '1000'],
    ['MB', '1000000'],
    ['GB', '1000000000'],
    ['TB', '1000000000000'],
    ['KiB', '1024'],
    ['MiB', '1048576'],
    ['GiB', '1073741824'],
    ['TiB', '1099511627776'],
  ];
  it.each(bytes)('1 %s is %s B', (units, count) => {
    expect(toBase(new Decimal(1), units).toFixed()).toBe(count);
    expect(fromBase(new Decimal(count), units)?.toFixed()).toBe('1');
    expect(convertibleUnits(units).sort()).toEqual(bytes.map(([name]) => name).sort());
  });

  it.each([
    ['s', '1'],
    ['min', '60'],
    ['h', '3600'],
  ])('1 %s is %s s', (units, count) => {
    expect(toBase(new Decimal(1), units).toFixed()).toBe(count);
    expect(convertibleUnits(units).sort()).toEqual(['h', 'min', 's']);
  });

  it.each([
    ['MB', 'min'],
    ['EUR', 'USD'],
    ['MB', 'mb'],
    ['MB', 'Mb'],
    ['KB', 'kB'],
    ['s', 'S'],
    ['SMS', 'B'],
    ['constructor', 'toString'],
    ['__proto__', 'B'],
  ])('%s and %s are not the same kind', (one, other) => {
    expect([areConvertible(one, other), areConvertible(other, one), areConvertible(one, one)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('are never rounded, however large or small the amounts', () => {
    for (const [units] of bytes) {
      for (const text of ['999999999999999', '0.000000001', '123456.789012345', '1']) {
        const amount = new Decimal(text);
        expect(fromBase(toBase(amount, units), units)?.toFixed()).toBe(amount.toFixed());
      }
    }
    expect(fromBase(new Decimal(1), 'h')).toBeUndefined();
    expect(fromBase(new Decimal(1), 'TB')).toBeUndefined();
    expect(fromBase(new Decimal(1), 'GB')?.toFixed()).toBe('0.000000001');
  });
});

describe.each(transports)('through %s', (door) => {
  const rows: { bucket: Amount; asked: Amount; topup: number; debit: number }[] = [
    { bucket: of(1, 'GB'), asked: of(250, 'MB'), topup: 1.25, debit: 0.75 },
    { bucket: of(1000, 'MB'), asked: of(0.5, 'GB'), topup: 1500, debit: 500 },
    { bucket: of(2, 'MiB'), asked: of(512, 'KiB'), topup: 2.5, debit: 1.5 },
    { bucket: of(2, 'MB'), asked: of(1, 'MiB'), topup: 3.048576, debit: 0.951424 },
    { bucket: of(1, 'GB'), asked: of(1, 'B'), topup: 1.000000001, debit: 0.999999999 },
    { bucket: of(2_000_000_000_000, 'B'), asked: of(1, 'TiB'), topup: 3_099_511_627_776, debit: 900_488_372_224 },
    { bucket: of(2, 'h'), asked: of(90, 'min'), topup: 3.5, debit: 0.5 },
    { bucket: of(120, 'min'), asked: of(30, 's'), topup: 120.5, debit: 119.5 },
    { bucket: of(7200, 's'), asked: of(1.5, 'h'), topup: 12_600, debit: 1800 },
  ];
  it.each(rows)(
    '$asked.amount $asked.units count exactly in a bucket of $bucket.units',
    async ({ bucket, asked, topup, debit }) => {
      const { amount, units } = bucket;
      const one = await makeOf(amount, units);
      const made = accepted(await create(server, door, 'TopupBalance', { bucket: { id: one }, amount: asked }));
      expect(made.amount).toEqual(asked);
      expect(made.impactedBucket[0].amountAfter).toEqual(of(topup, units));
      expect(await left(one)).toEqual([topup, 0]);

      const two = await makeOf(amount, units);
      accepted(
        await create(server, door, 'AdjustBalance', {
          ...actions.debit.attributes,
          bucket: { id: two },
          amount: asked,
        }),
      );
      expect(await left(two)).toEqual([debit, 0]);

      const three = await makeOf(amount, units);
      const reservation = accepted(
        await create(server, door, 'ReserveBalance', { bucket: { id: three }, amount: asked }),
      );
      expect((await left(three))[0]).toBe(debit);
      accepted(await commitVerb(server, reservation.id, asked));
      expect(await left(three)).toEqual([debit, 0]);
      for (const id of [one, two, three]) expect(await ledgerProblems(server, id)).toEqual([]);
    },
  );

  const refused: { bucket: Amount; asked: Amount; code: string }[] = [
    { bucket: of(1, 'TB'), asked: of(1, 'B'), code: 'UNITS_MISMATCH' },
    { bucket: of(1, 'KiB'), asked: of(1, 'B'), code: 'UNITS_MISMATCH' },
    { bucket: of(1, 'h'), asked: of(1, 's'), code: 'UNITS_MISMATCH' },
    { bucket: of(1, 'GiB'), asked: of(1, 'MB'), code: 'UNITS_MISMATCH' },
    { bucket: of(1, 'MB'), asked: of(1, 'min'), code: 'UNITS_MISMATCH' },
    { bucket: of(1, 'MB'), asked: of(1, 'mb'), code: 'UNITS_MISMATCH' },
    { bucket: of(1, 'B'), asked: of(1e12, 'TB'), code: 'BALANCE_LIMIT' },
  ];
  it.each(refused)(
    '$asked.amount $asked.units are refused by a bucket of $bucket.units with $code, and nothing moves',
    async ({ bucket, asked, code }) => {
      const id = await makeOf(bucket.amount, bucket.units);
      const before = await balanceTables(server);
      expect((await create(server, door, 'TopupBalance', { bucket: { id }, amount: asked })).code).toBe(code);
      for (const [type, attributes] of [
        ['AdjustBalance', actions.debit.attributes],
        ['ReserveBalance', {}],
      ] as const) {
        const expected = code === 'BALANCE_LIMIT' ? 'INSUFFICIENT_REMAINING' : code;
        expect((await create(server, door, type, { ...attributes, bucket: { id }, amount: asked })).code).toBe(
          expected,
        );
      }
      expect(await balanceTables(server)).toEqual(before);
    },
  );

  it('a reservation over buckets of several units of one kind ends in each as it was taken', async () => {
    const product = [{ id: `mixed ${door}` }];
    const gb = await makeOf(1, 'GB', { product, priority: 1 });
    const mb = await makeOf(500, 'MB', { product, priority: 2 });
    const mib = await makeOf(100, 'MiB', { product, priority: 3 });
    await makeOf(9, 'min', { product, priority: 0 });
    const made = accepted(await create(server, door, 'ReserveBalance', { product, amount: of(1_552_428_800, 'B') }));
    expect(await Promise.all([gb, mb, mib].map(left))).toEqual([
      [0, 1],
      [0, 500],
      [50, 50],
    ]);
    accepted(await commitVerb(server, made.id, of(1.2, 'GB')));
    expect(await Promise.all([gb, mb, mib].map(left))).toEqual([
      [0, 0],
      [300, 0],
      [100, 0],
    ]);
    expect((await create(server, door, 'ReserveBalance', { product, amount: of(405, 'MB') })).code).toBe(
      'INSUFFICIENT_REMAINING',
    );
    for (const id of [gb, mb, mib]) expect(await ledgerProblems(server, id)).toEqual([]);
  });

  it('a commit in other units stays within what is reserved, and is exact or refused', async () => {
    const id = await makeOf(1, 'TB');
    const { id: reservation } = accepted(
      await create(server, door, 'ReserveBalance', { bucket: { id }, amount: of(1, 'GB') }),
    );
    expect((await commitVerb(server, reservation, of(1001, 'MB'))).code).toBe('COMMIT_ABOVE_RESERVED');
    expect((await commitVerb(server, reservation, of(1, 'min'))).code).toBe('UNITS_MISMATCH');
    expect((await commitVerb(server, reservation, of(1, 'B'))).code).toBe('UNITS_MISMATCH');
    accepted(await commitVerb(server, reservation, of(1000, 'MB')));
    expect(await left(id)).toEqual([0.999, 0]);
  });

  it('a transfer may take in one unit and give in another', async () => {
    const [from, to] = [await makeOf(1, 'GB'), await makeOf(0, 'KiB')];
    accepted(
      await create(server, door, 'TransferBalance', {
        bucket: { id: from },
        receiverBucket: { id: to },
        amount: of(1024, 'kB'),
      }),
    );
    expect(await Promise.all([from, to].map(left))).toEqual([
      [0.998976, 0],
      [1000, 0],
    ]);
  });

  it('a bucket without a value takes the units of what comes first', async () => {
    const id = await makeOf(undefined);
    accepted(await create(server, door, 'TopupBalance', { bucket: { id }, amount: of(1, 'MB') }));
    accepted(await create(server, door, 'TopupBalance', { bucket: { id }, amount: of(1, 'GB') }));
    expect((await read(server, 'Bucket', id)).remainingValue).toEqual(of(1001, 'MB'));
  });
});
