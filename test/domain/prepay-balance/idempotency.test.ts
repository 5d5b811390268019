import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { retryWhileBusy } from '../../support/retry-while-busy.js';
import { basePath, startTestServer, type TestServer } from '../../support/server.js';
import {
  accepted,
  actions,
  allTables,
  balanceOf,
  balanceTables,
  eur,
  ledgerOf,
  makeBucket,
  makeReservation,
  read,
} from './balances.js';
import {
  commitVerb,
  create,
  transports,
  releaseVerb,
  remove,
  update,
  type Call,
  type Transport,
  type Outcome,
} from './transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A key nobody else uses. */
let key = '';
let keys = 0;
beforeEach(() => {
  key = `key ${++keys} !"$%&/()=?~`;
});

type Send = (door: Transport, call: Call) => Promise<Outcome>;

interface Write {
  what: string;
  /** Makes the state, and answers the request and another one that must not pass for it. */
  arrange: () => Promise<{ send: Send; other: Send }>;
}

const writes: readonly Write[] = [
  {
    what: 'create a bucket',
    arrange: async () => ({
      send: (door, call) =>
        create(server, door, 'Bucket', { usageType: 'monetary', remainingValue: eur(10), name: 'first' }, call),
      other: (door, call) =>
        create(server, door, 'Bucket', { usageType: 'monetary', remainingValue: eur(10), name: 'second' }, call),
    }),
  },
  ...(['topup', 'credit', 'debit', 'reserve'] as const).map((action) => ({
    what: `do a ${action}`,
    arrange: async () => {
      const bucket = { id: await makeBucket(server, 10) };
      const { type, attributes } = actions[action];
      const input = { bucket, ...attributes, relatedParty: [{ id: '42', '@referredType': 'Customer' }] };
      return {
        send: (door: Transport, call: Call) => create(server, door, type, { ...input, amount: eur(3) }, call),
        other: (door: Transport, call: Call) => create(server, door, type, { ...input, amount: eur(4) }, call),
      };
    },
  })),
  {
    what: 'commit a reservation by an adjustment',
    arrange: async () => {
      const id = await makeReservation(server, await makeBucket(server, 10), 5);
      const commit = (door: Transport, call: Call, amount: number): Promise<Outcome> =>
        create(
          server,
          door,
          'AdjustBalance',
          { ...actions.commit.attributes, reserveBalance: { id }, amount: eur(amount) },
          call,
        );
      return { send: (door, call) => commit(door, call, 3), other: (door, call) => commit(door, call, 4) };
    },
  },
  {
    what: 'release a reservation',
    arrange: async () => {
      const id = await makeReservation(server, await makeBucket(server, 10), 5);
      return {
        send: (door, call) => update(server, door, 'ReserveBalance', id, { status: 'cancelled' }, call),
        other: (door, call) =>
          update(server, door, 'ReserveBalance', id, { status: 'cancelled', reason: 'other' }, call),
      };
    },
  },
  {
    what: 'change a bucket',
    arrange: async () => {
      const id = await makeBucket(server, 10);
      return {
        send: (door, call) => update(server, door, 'Bucket', id, { name: 'new', status: 'suspended' }, call),
        other: (door, call) => update(server, door, 'Bucket', id, { name: 'newer', status: 'suspended' }, call),
      };
    },
  },
  ...(['TopupBalance', 'AdjustBalance', 'ReserveBalance'] as const).flatMap((type) => {
    const arranged = async (): Promise<string> =>
      accepted(await create(server, 'rest', type, { bucket: { id: await makeBucket(server, 10) }, amount: eur(1) })).id;
    return [
      {
        what: `change a ${type}`,
        arrange: async () => {
          const id = await arranged();
          return {
            send: (door: Transport, call: Call) => update(server, door, type, id, { description: 'new' }, call),
            other: (door: Transport, call: Call) => update(server, door, type, id, { description: 'newer' }, call),
          };
        },
      },
      {
        what: `delete a ${type}`,
        arrange: async () => {
          const [id, otherId] = [await arranged(), await arranged()];
          if (type === 'ReserveBalance') for (const live of [id, otherId]) await releaseVerb(server, live);
          return {
            send: (door: Transport, call: Call) => remove(server, door, type, id, call),
            other: (door: Transport, call: Call) => remove(server, door, type, otherId, call),
          };
        },
      },
    ];
  }),
  {
    what: 'delete a bucket',
    arrange: async () => {
      const [id, otherId] = [await makeBucket(server, 0), await makeBucket(server, 0)];
      return {
        send: (door, call) => remove(server, door, 'Bucket', id, call),
        other: (door, call) => remove(server, door, 'Bucket', otherId, call),
      };
    },
  },
];

describe('the same key again', () => {
  const cases = writes.flatMap((write) => transports.map((door) => ({ ...write, door })));

  it.each(cases)(
    'gives the same answer to a request to $what, marked as replayed ($door)',
    async ({ arrange, door }) => {
      const { send, other } = await arrange();
      const first = await send(door, { key });
      expect([first.code, first.replayed]).toEqual([undefined, false]);
      const after = await allTables(server);

      for (let times = 0; times < 2; times++) expect(await send(door, { key })).toEqual({ ...first, replayed: true });
      const reused = await other(door, { key });
      expect([reused.code, reused.status, reused.replayed]).toEqual(['IDEMPOTENCY_KEY_REUSED', 422, false]);
      expect(await allTables(server)).toEqual(after);
    },
  );

  it.each(writes)('means the same request to $what at the other door', async ({ arrange }) => {
    const { send, other } = await arrange();
    const first = await send('rest', { key });
    const after = await allTables(server);
    const second = await send('graphql', { key });
    expect([second.code, second.replayed]).toEqual([undefined, true]);
    expect(second.resource).toEqual(first.resource);
    expect((await other('graphql', { key })).code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await allTables(server)).toEqual(after);
  });

  it('is refused for another operation with the same input', async () => {
    const input = { bucket: { id: await makeBucket(server, 10) }, amount: eur(1) };
    accepted(await create(server, 'rest', 'TopupBalance', input, { key }));
    for (const door of transports) {
      expect((await create(server, door, 'AdjustBalance', input, { key })).code).toBe('IDEMPOTENCY_KEY_REUSED');
      expect((await create(server, door, 'ReserveBalance', input, { key })).code).toBe('IDEMPOTENCY_KEY_REUSED');
    }
  });

  it('tells two changes apart that remove different attributes', async () => {
    const id = await makeBucket(server, 10, { name: 'name', description: 'description' });
    accepted(await update(server, 'rest', 'Bucket', id, { name: null }, { key }));
    const other = await update(server, 'rest', 'Bucket', id, { description: null }, { key });
    expect([other.code, other.status]).toEqual(['IDEMPOTENCY_KEY_REUSED', 422]);
  });

  it('replays the verbs of a reservation', async () => {
    const id = await makeBucket(server, 10);
    const [committed, released] = [await makeReservation(server, id, 2), await makeReservation(server, id, 3)];
    const commit = await commitVerb(server, committed, eur(1), { key });
    expect(await commitVerb(server, committed, eur(1), { key })).toEqual({ ...commit, replayed: true });
    expect((await commitVerb(server, committed, undefined, { key })).code).toBe('IDEMPOTENCY_KEY_REUSED');
    const release = await releaseVerb(server, released, { key: `${key}r` });
    expect(await releaseVerb(server, released, { key: `${key}r` })).toEqual({ ...release, replayed: true });
    const patch = await update(server, 'rest', 'ReserveBalance', released, { status: 'cancelled' }, { key: `${key}r` });
    expect([patch.replayed, patch.resource]).toEqual([true, release.resource]);
    expect(await balanceOf(server, id)).toEqual([9, 0]);
  });

  it('takes commitReserveBalance and the adjustBalance that commits for the same command', async () => {
    const id = await makeReservation(server, await makeBucket(server, 10), 5);
    const input = { ...actions.commit.attributes, reserveBalance: { id }, amount: eur(3) };
    const first = accepted(await create(server, 'rest', 'AdjustBalance', input, { key }));
    const second = await commitVerb(server, id, eur(3), { key });
    expect([second.code, second.replayed, second.resource]).toEqual([undefined, true, first]);
  });

  it('is sent to GraphQL as the header, too, with one mutation', async () => {
    const id = await makeBucket(server, 10);
    const topup = (alias: string): string =>
      `${alias}: createTopupBalance(input: { bucket: { refId: "${id}" }, amount: { amount: 1, units: "EUR" } }) { id }`;
    const headers = { 'Idempotency-Key': key };
    const answers = [
      await server.graphql(`mutation { ${topup('a')} }`, {}, headers),
      await server.graphql(`mutation { ${topup('a')} }`, {}, headers),
    ];
    expect(answers[1]?.data).toEqual(answers[0]?.data);
    expect(answers.map((answer) => answer.headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    const rest = await create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(1) }, { key });
    expect([rest.replayed, rest.resource.id]).toEqual([true, answers[0]?.data.a.id]);

    const two = await server.graphql(`mutation { ${topup('a')} ${topup('b')} }`, {}, { 'Idempotency-Key': `${key}2` });
    expect([two.status, two.errors?.[0]?.extensions]).toEqual([
      400,
      expect.objectContaining({
        code: 'INVALID_HEADER',
        status: 400,
        reason: 'Invalid header value',
        attribute: 'Idempotency-Key',
      }),
    ]);
    expect(await balanceOf(server, id)).toEqual([11, 0]);
  });
});

/** Each request has an id of its own, which its error tells. */
function apartFromRequest(outcome: Outcome): unknown {
  return JSON.parse(JSON.stringify(outcome, (name, value: unknown) => (name === 'requestId' ? undefined : value)));
}

describe('a refused action', () => {
  it.each(transports)('replays its refusal, even when it would be accepted by now (%s)', async (door) => {
    const bucket = { id: await makeBucket(server, 1) };
    for (const action of ['debit', 'reserve'] as const) {
      const { type, attributes } = actions[action];
      const send = (): Promise<Outcome> =>
        create(server, door, type, { bucket, ...attributes, amount: eur(50) }, { key: `${key} ${action}` });
      const first = await send();
      expect([first.code, first.replayed]).toEqual(['INSUFFICIENT_REMAINING', false]);
      expect(first.reference).toBeDefined();
      accepted(await create(server, door, 'TopupBalance', { bucket, amount: eur(1000) }));
      const before = await allTables(server);
      expect(apartFromRequest(await send())).toEqual(apartFromRequest({ ...first, replayed: true }));
      expect(await allTables(server)).toEqual(before);
      accepted(await create(server, door, 'AdjustBalance', { bucket, ...actions.debit.attributes, amount: eur(1000) }));
    }
  });

  it('replays its refusal at the other door', async () => {
    const input = { bucket: { id: 'nowhere' }, amount: eur(1) };
    const first = await create(server, 'graphql', 'TopupBalance', input, { key });
    const second = await create(server, 'rest', 'TopupBalance', input, { key });
    expect(second).toMatchObject({
      code: 'BUCKET_UNKNOWN',
      status: 422,
      reference: first.reference,
      message: first.message,
      replayed: true,
    });
    const other = await create(server, 'rest', 'TopupBalance', { ...input, amount: eur(2) }, { key });
    expect(other.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });
});

describe('a key that is not consumed', () => {
  it.each(transports)('may be used again after a request that was invalid (%s)', async (door) => {
    const bucket = { id: await makeBucket(server, 10) };
    expect((await create(server, door, 'TopupBalance', { bucket, amount: eur(0) }, { key })).status).toBe(400);
    expect(
      (await create(server, door, 'AdjustBalance', { bucket: { id: 'nowhere' }, amount: eur(1) }, { key })).status,
    ).toBe(400);
    const topup = await create(server, door, 'TopupBalance', { bucket, amount: eur(1) }, { key });
    expect([topup.code, topup.replayed]).toEqual([undefined, false]);
  });

  it.each(transports)('may be used again after a change of something that does not exist (%s)', async (door) => {
    expect((await update(server, door, 'Bucket', 'nowhere', { name: 'x' }, { key })).status).toBe(404);
    const id = await makeBucket(server, 10);
    expect((await update(server, door, 'Bucket', id, { name: 'x' }, { key })).status).toBe(200);
  });
});

describe('the form of a key', () => {
  const input = { usageType: 'monetary' };

  it.each(transports)('is 1 to 255 printable ASCII characters (%s)', async (door) => {
    const before = await allTables(server);
    const wrong = [
      '',
      'x'.repeat(256),
      'schlüssel',
      ...(door === 'graphql' ? ['tab\there', '钥匙', '\u0000'] : ['tab\there']),
    ];
    for (const wrongKey of wrong) {
      const outcome = await create(server, door, 'Bucket', input, { key: wrongKey });
      expect([wrongKey, outcome.status]).toEqual([wrongKey, 400]);
    }
    expect(await allTables(server)).toEqual(before);
    for (const rightKey of [`${key}${'x'.repeat(255 - key.length)}`, `~${keys}`]) {
      expect((await create(server, door, 'Bucket', input, { key: rightKey })).replayed).toBe(false);
      expect((await create(server, door, 'Bucket', input, { key: rightKey })).replayed).toBe(true);
    }
  });

  it('is minded on every write', async () => {
    const id = await makeBucket(server, 10);
    const reservation = await makeReservation(server, id, 1);
    const call = { key: 'x'.repeat(256) };
    const before = await allTables(server);
    for (const door of transports) {
      const outcomes = [
        await create(server, door, 'TopupBalance', { bucket: { id }, amount: eur(1) }, call),
        await create(server, door, 'AdjustBalance', { bucket: { id }, amount: eur(1) }, call),
        await create(server, door, 'ReserveBalance', { bucket: { id }, amount: eur(1) }, call),
        await update(server, door, 'Bucket', id, { name: 'x' }, call),
        await update(server, door, 'ReserveBalance', reservation, { status: 'cancelled' }, call),
        await update(server, door, 'ReserveBalance', reservation, { reason: 'x' }, call),
        await remove(server, door, 'Bucket', id, call),
        await remove(server, door, 'ReserveBalance', reservation, call),
      ];
      expect(outcomes.map(({ code }) => code)).toEqual(Array(8).fill('INVALID_HEADER'));
    }
    expect(await allTables(server)).toEqual(before);
  });
});

describe('the same command', () => {
  it('may write its number as text, as integer or with zeros', async () => {
    const id = await makeBucket(server, 0);
    const texts = ['"10"', '10', '10.0', '1e1', '"10.00"', '10.00000000000000000000', '"1E+1"'];
    const replayed = [];
    for (const amount of texts) {
      const text = `{"bucket":{"id":"${id}"},"amount":{"units":"EUR","amount":${amount}}}`;
      const answer = await server.rest('POST', '/topupBalance', { text, headers: { 'Idempotency-Key': key } });
      expect([amount, answer.status]).toEqual([amount, 201]);
      replayed.push(answer.headers.get('idempotency-replayed'));
    }
    expect(replayed).toEqual([null, ...Array(6).fill('true')]);
    for (const amount of ['"10"', '10', '10.0', '1e1']) {
      const document = `mutation { createTopupBalance(idempotencyKey: ${JSON.stringify(key)}, input: { bucket: { refId: "${id}" }, amount: { amount: ${amount}, units: "EUR" } }) { id } }`;
      const answer = await server.graphql(document);
      expect([amount, answer.errors, answer.headers.get('idempotency-replayed')]).toEqual([amount, undefined, 'true']);
    }
    expect(await balanceOf(server, id)).toEqual([10, 0]);
  });

  it('may order its attributes otherwise, write null for what is absent, one object for a list of one, and a time in another zone', async () => {
    const product = { id: `product of ${key}` };
    const id = await makeBucket(server, 10, { product });
    const first = { amount: eur(1), product: [product], expirationDate: '2026-03-02T00:00:00.000Z' };
    const second = {
      expirationDate: '2026-03-02T01:00:00+01:00',
      bucket: null,
      product,
      amount: { units: 'EUR', amount: 1 },
      reason: null,
    };
    accepted(await create(server, 'rest', 'ReserveBalance', first, { key }));
    for (const door of transports)
      expect((await create(server, door, 'ReserveBalance', second, { key })).replayed).toBe(true);
    expect(await balanceOf(server, id)).toEqual([9, 1]);
  });

  it('has one effect when it arrives fifty times at once, half through each door', async () => {
    for (const action of ['topup', 'debit', 'reserve'] as const) {
      const id = await makeBucket(server, 100);
      const { type, attributes } = actions[action];
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          retryWhileBusy(() =>
            create(
              server,
              transports[index % 2] ?? 'rest',
              type,
              { bucket: { id }, ...attributes, amount: eur(7) },
              { key: `${key} ${action}` },
            ),
          ),
        ),
      );
      expect(outcomes.map(({ resource }) => resource)).toEqual(Array(50).fill(outcomes[0]?.resource));
      expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await ledgerOf(server, id)).toHaveLength(2);
    }
  });

  it('makes one bucket, and deletes it once, when it arrives fifty times at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        retryWhileBusy(() =>
          create(server, transports[index % 2] ?? 'rest', 'Bucket', { usageType: 'monetary', name: key }, { key }),
        ),
      ),
    );
    expect(outcomes.map(({ resource }) => resource)).toEqual(Array(50).fill(outcomes[0]?.resource));
    expect(
      (await server.rest('GET', `/bucket?name=${encodeURIComponent(`"${key.replace(/"/g, '\\"')}"`)}&fields=id`)).body
        .length,
    ).toBeLessThanOrEqual(1);
    expect(await server.database.client.bucket.count({ where: { name: key } })).toBe(1);
    const id = outcomes[0]?.resource.id;
    const deletions = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        retryWhileBusy(() => remove(server, transports[index % 2] ?? 'rest', 'Bucket', id, { key: `${key}d` })),
      ),
    );
    expect(deletions.filter(({ code }) => code === undefined)).toHaveLength(50);
    expect(
      await server.database.client.outbox.count({ where: { resourceId: id, eventType: 'BucketDeleteEvent' } }),
    ).toBe(1);
  });

  it('is refused once, and told so fifty times, when it arrives fifty times at once', async () => {
    const input = { bucket: { id: await makeBucket(server, 1) }, amount: eur(2) };
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        retryWhileBusy(() => create(server, transports[index % 2] ?? 'rest', 'ReserveBalance', input, { key })),
      ),
    );
    expect(new Set(outcomes.map(({ code, reference }) => `${code} ${reference}`)).size).toBe(1);
    expect(outcomes[0]?.code).toBe('INSUFFICIENT_REMAINING');
  });

  it('wins over all others when different ones arrive with one key at once', async () => {
    const id = await makeBucket(server, 0);
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        retryWhileBusy(() =>
          create(
            server,
            transports[index % 2] ?? 'rest',
            'TopupBalance',
            { bucket: { id }, amount: eur(1 + (index % 3)) },
            { key },
          ),
        ),
      ),
    );
    const amounts = new Set(outcomes.flatMap(({ resource }) => resource?.amount.amount ?? []));
    expect(amounts.size).toBe(1);
    expect(outcomes.filter(({ code }) => code === undefined)).toHaveLength(10);
    expect(outcomes.filter(({ code }) => code === 'IDEMPOTENCY_KEY_REUSED')).toHaveLength(20);
    expect((await balanceOf(server, id))[0]).toBe([...amounts][0]);
  });
});

describe('the keys of tenants', () => {
  it('are their own', async () => {
    const row = {
      tenantId: 'other',
      key,
      fingerprint: 'of the other tenant',
      outcome: { answer: {} },
      createdAt: new Date(),
    };
    await server.database.client.idempotency.create({ data: row });
    const outcome = await create(server, 'rest', 'Bucket', { usageType: 'monetary' }, { key });
    expect([outcome.status, outcome.replayed]).toEqual([201, false]);
    expect((await create(server, 'graphql', 'Bucket', { usageType: 'monetary' }, { key })).replayed).toBe(true);
    expect(await server.database.client.idempotency.count({ where: { key } })).toBe(2);
  });
});

describe('an answer told again', () => {
  it('stays what it was, whatever became of the resource', async () => {
    const bucket = { id: await makeBucket(server, 10) };
    const send = (): Promise<Outcome> => create(server, 'rest', 'ReserveBalance', { bucket, amount: eur(1) }, { key });
    const first = await send();
    await releaseVerb(server, first.resource.id);
    expect(await send()).toEqual({ ...first, replayed: true });
    await remove(server, 'rest', 'ReserveBalance', first.resource.id);
    expect(await send()).toEqual({ ...first, replayed: true });
    expect(await balanceOf(server, bucket.id)).toEqual([10, 0]);
  });

  it('is told again after the expirationDate that the reservation asked for', async () => {
    const bucket = { id: await makeBucket(server, 10) };
    const input = { bucket, amount: eur(1), expirationDate: '2026-03-01T12:01:00.000Z' };
    const first = await create(server, 'rest', 'ReserveBalance', input, { key });
    server.clock.advance(120_000);
    try {
      for (const door of transports) {
        const again = await create(server, door, 'ReserveBalance', input, { key });
        expect([again.code, again.replayed, again.resource]).toEqual([undefined, true, first.resource]);
      }
    } finally {
      server.clock.set('2026-03-01T12:00:00.000Z');
    }
  });

  it('is projected to the fields asked for', async () => {
    const headers = { 'Idempotency-Key': key };
    const first = await server.rest('POST', '/bucket', { body: { usageType: 'monetary', name: 'n' }, headers });
    const again = await server.rest('POST', '/bucket?fields=name', {
      body: { usageType: 'monetary', name: 'n' },
      headers,
    });
    expect([again.status, again.body]).toEqual([201, { name: 'n' }]);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    // The same revision, of which this answer is a part.
    expect([first.headers.get('etag'), again.headers.get('etag')]).toEqual([
      '"1"',
      expect.stringMatching(/^"1-[\w-]+"$/),
    ]);
  });
});

describe('a PATCH with a key repeated', () => {
  const patch = (path: string, body: object, headers: Record<string, string> = {}): ReturnType<TestServer['rest']> =>
    server.rest('PATCH', path, {
      body,
      headers: { 'Idempotency-Key': key, 'content-type': 'application/merge-patch+json', ...headers },
    });

  it('gives the first answer again when the resource has changed meanwhile', async () => {
    const id = await makeBucket(server, 10);
    const first = await patch(`/bucket/${id}`, { name: 'first' });
    accepted(await update(server, 'rest', 'Bucket', id, { name: 'second' }));
    const again = await patch(`/bucket/${id}`, { name: 'first' });
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true']);
    expect((await read(server, 'Bucket', id)).name).toBe('second');
  });

  it('gives the first answer again when the object it merges into has changed meanwhile', async () => {
    const id = await makeBucket(server, 10);
    const first = await patch(`/bucket/${id}`, { validFor: { endDateTime: '2026-06-01T00:00:00.000Z' } });
    accepted(await update(server, 'rest', 'Bucket', id, { validFor: { startDateTime: '2026-01-01T00:00:00.000Z' } }));
    const again = await patch(`/bucket/${id}`, { validFor: { endDateTime: '2026-06-01T00:00:00.000Z' } });
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true']);
  });

  it('gives the first answer again with the same If-Match', async () => {
    const id = await makeBucket(server, 10);
    const first = await patch(`/bucket/${id}`, { name: 'first' }, { 'If-Match': '"1"' });
    expect(first.status).toBe(200);
    const again = await patch(`/bucket/${id}`, { name: 'first' }, { 'If-Match': '"1"' });
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true']);
  });

  it('gives the first answer again when the resource is gone meanwhile', async () => {
    const reservation = await makeReservation(server, await makeBucket(server, 10), 5);
    const first = await patch(`/reserveBalance/${reservation}`, { status: 'cancelled' });
    expect(first.status).toBe(200);
    await remove(server, 'rest', 'ReserveBalance', reservation);
    const again = await patch(`/reserveBalance/${reservation}`, { status: 'cancelled' });
    expect([again.status, again.body]).toEqual([200, first.body]);
  });

  it('releases once when it arrives twenty times at once', async () => {
    const id = await makeBucket(server, 10);
    const reservation = await makeReservation(server, id, 5);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => patch(`/reserveBalance/${reservation}`, { status: 'cancelled' })),
    );
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(20).fill([200, answers[0]?.body]));
    expect(await ledgerOf(server, id)).toHaveLength(3);
  });

  it('changes once when it arrives twenty times at once beside top-ups of the same bucket', async () => {
    const id = await makeBucket(server, 10);
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: 20 }, () => patch(`/bucket/${id}`, { name: 'patched' }))),
      Promise.all(
        Array.from({ length: 20 }, () => create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(1) })),
      ),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const changes = { resourceId: id, eventType: 'BucketAttributeValueChangeEvent' };
    expect(await server.database.client.outbox.count({ where: changes })).toBe(1);
  });

  it('leaves balances alone when the key belongs to a balance action', async () => {
    const id = await makeBucket(server, 10);
    accepted(await create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(1) }, { key }));
    const before = await balanceTables(server);
    const answer = await patch(`/bucket/${id}`, { name: 'patched' });
    expect(answer.status).toBe(422);
    expect(await balanceTables(server)).toEqual(before);
    expect((await fetch(`${server.url}${basePath}/bucket/${id}`)).status).toBe(200);
  });
});
