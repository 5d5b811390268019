import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { actions, entriesOf, eur, ledgerProblems, makeBucket, read, type Entry } from './balances.js';
import {
  commitVerb,
  create,
  transports,
  releaseVerb,
  update,
  type Transport,
  type Outcome,
  type Type,
} from './transports.js';
import { bucketCount, hourMs, Model, sequence, type Command, type Share } from './model.js';
import { proofSize } from '../../support/proof.js';

const runs = proofSize('RUNS', { short: 2, long: 20 });

/** A bound of waiting for however many runs are asked for. */
const timeoutMs = 60_000 + runs * 60_000;

let server: TestServer;
let products = 0;

interface Made {
  type: Type;
  id: string;
}

/** Commands whose refusal is kept under their key, and told again. */
const kept = new Set<Command['type']>([
  'topup',
  'credit',
  'debit',
  'extend',
  'reserve',
  'drawDebit',
  'drawReserve',
  'commit',
  'transfer',
  'recurring',
]);

/** One sequence against the server: fresh buckets, the ids behind the numbers, and what came of it. */
class Run {
  private readonly product = `property-${++products}`;
  private keys = 0;
  readonly ids: string[] = [];
  readonly reservations: { id: string; dueAt: number | undefined }[] = [];
  readonly recurring: { id: string; asked: Extract<Command, { type: 'recurring' }> }[] = [];
  readonly actions: Made[] = [];

  /** Buckets of one product, in burn order; the last one expires. */
  async start(openings: readonly string[]): Promise<Model> {
    const now = server.clock.now().getTime();
    const model = new Model(now);
    for (const [index, opening] of openings.entries()) {
      const validUntil = index === bucketCount - 1 ? now + 200 * hourMs : undefined;
      const validFor = validUntil && { endDateTime: new Date(validUntil).toISOString() };
      this.ids.push(await makeBucket(server, opening, { product: [{ id: this.product }], priority: index, validFor }));
      model.buckets.push({ remaining: new Decimal(opening), reserved: new Decimal(0), status: 'active', validUntil });
    }
    return model;
  }

  /** Undefined when there is nothing it could be asked of. */
  async send(asked: Command): Promise<Outcome | undefined> {
    if (asked.type === 'wait') {
      server.clock.advance(asked.hours * hourMs);
      return undefined;
    }
    const key = `${this.product} ${++this.keys}`;
    const now = server.clock.now().getTime();
    const outcome = await this.call(asked, asked.door, key, now);
    if (outcome === undefined) return undefined;
    if (asked.type !== 'status' && (outcome.code === undefined || (kept.has(asked.type) && outcome.reference)))
      await this.repeat(asked, key, now, outcome);
    if (outcome.resource) this.remember(asked, outcome.resource.id, now);
    return outcome;
  }

  /** The same request under the same key, now and then at the other transport: nothing happens, and the answer is the same. */
  private async repeat(asked: Command, key: string, now: number, first: Outcome): Promise<void> {
    if (this.keys % 3 !== 0) return;
    const again = await this.call(asked, transports[this.keys % 2] ?? 'rest', key, now);
    expect([again?.code, again?.resource?.id, again?.resource?.status, again?.replayed]).toEqual([
      first.code,
      first.resource?.id,
      first.resource?.status,
      true,
    ]);
  }

  private remember(asked: Command, id: string, now: number): void {
    if (asked.type === 'reserve' || asked.type === 'drawReserve') {
      const lifetime = asked.type === 'reserve' ? asked.hours : undefined;
      this.reservations.push({ id, dueAt: lifetime && now + lifetime * hourMs });
    } else if (asked.type === 'recurring') this.recurring.push({ id, asked });
    else if (asked.type === 'topup' || asked.type === 'extend') this.actions.push({ type: 'TopupBalance', id });
    else if (asked.type === 'transfer') this.actions.push({ type: 'TransferBalance', id });
    else if (['credit', 'debit', 'drawDebit', 'commit'].includes(asked.type))
      this.actions.push({ type: 'AdjustBalance', id });
  }

  private call(asked: Command, door: Transport, key: string, now: number): Promise<Outcome> | undefined {
    const bucketOf = (index: number): object => ({ bucket: { id: this.ids[index] } });
    const after = (hours: number): string => new Date(now + hours * hourMs).toISOString();
    const product = { product: [{ id: this.product }], usageType: 'monetary' };
    const amount = 'amount' in asked && asked.amount !== undefined ? eur(asked.amount) : undefined;
    switch (asked.type) {
      case 'wait':
        return undefined;
      case 'status':
        return update(server, door, 'Bucket', String(this.ids[asked.bucket]), { status: asked.status });
      case 'topup':
      case 'credit':
      case 'debit':
        return create(
          server,
          door,
          actions[asked.type].type,
          { ...actions[asked.type].attributes, ...bucketOf(asked.bucket), amount },
          { key },
        );
      case 'extend':
        return create(
          server,
          door,
          'TopupBalance',
          { ...bucketOf(asked.bucket), amount, validFor: { endDateTime: after(asked.hours) } },
          { key },
        );
      case 'drawDebit':
        return create(server, door, 'AdjustBalance', { ...actions.debit.attributes, ...product, amount }, { key });
      case 'reserve':
        return create(
          server,
          door,
          'ReserveBalance',
          { ...bucketOf(asked.bucket), amount, ...(asked.hours && { expirationDate: after(asked.hours) }) },
          { key },
        );
      case 'drawReserve':
        return create(server, door, 'ReserveBalance', { ...product, amount }, { key });
      case 'transfer': {
        const { from, to, cost, costOwner } = asked;
        const source = from === undefined ? product : bucketOf(from);
        const transferCost = cost === undefined ? {} : { transferCost: eur(cost), costOwner };
        const isList = door === 'graphql' || from !== undefined;
        return create(
          server,
          door,
          'TransferBalance',
          {
            ...source,
            ...(isList ? {} : { product: { id: this.product } }),
            amount,
            receiverBucket: { id: this.ids[to] },
            ...transferCost,
          },
          { key },
        );
      }
      case 'recurring':
        return create(
          server,
          door,
          'TopupBalance',
          {
            ...bucketOf(asked.bucket),
            amount,
            recurringPeriod: 'weekly',
            numberOfPeriods: asked.periods,
            requestedDate: after(asked.hours),
          },
          { key },
        );
      case 'endRecurring': {
        const found = this.recurring[asked.recurring];
        return found && update(server, door, 'TopupBalance', found.id, { status: 'cancelled' }, { key });
      }
      case 'reverse': {
        const found = this.actions[asked.action];
        return found && update(server, door, found.type, found.id, { status: 'cancelled' }, { key });
      }
      case 'commit':
      case 'release': {
        const found = this.reservations[asked.reservation];
        return found && end(asked, door, found.id, key);
      }
    }
  }

  /** After commands that ran at once nobody knows their order: the model goes on from what is stored. */
  async resume(): Promise<Model> {
    const model = new Model(server.clock.now().getTime());
    const movements = new Map<string, { bucket: number; entry: Entry }[]>();
    for (const [index, id] of this.ids.entries()) {
      const { remainingValue, reservedValue, status, validFor } = await read(server, 'Bucket', id);
      const validUntil = validFor && new Date(validFor.endDateTime).getTime();
      model.buckets.push({
        remaining: new Decimal(remainingValue.amount),
        reserved: new Decimal(reservedValue.amount),
        status,
        validUntil,
      });
      for (const entry of await entriesOf(server, id))
        movements.set(entry.actionId, [...(movements.get(entry.actionId) ?? []), { bucket: index, entry }]);
    }
    const shares = (id: string, entryTypes: RegExp, amountOf: (entry: Entry) => Decimal): Share[] =>
      (movements.get(id) ?? [])
        .filter(({ entry }) => entryTypes.test(entry.entryType))
        .map(({ bucket, entry }) => ({ bucket, amount: amountOf(entry) }));
    for (const { id, dueAt } of this.reservations) {
      const { status } = await read(server, 'ReserveBalance', id);
      model.reservations.push({
        isLive: status === 'created',
        dueAt,
        holds: shares(id, /^reserve$/, ({ reservedDelta }) => new Decimal(reservedDelta)),
      });
    }
    for (const { id, asked } of this.recurring) {
      const { status, nextDueDate, periodsDone } = await read(server, 'TopupBalance', id);
      const left = asked.periods - (periodsDone ?? 0);
      model.recurring.push({
        bucket: asked.bucket,
        amount: asked.amount,
        status,
        left,
        dueAt: new Date(nextDueDate ?? 0).getTime(),
      });
    }
    for (const { type, id } of this.actions) {
      const { status } = await read(server, type, id);
      model.actions.push({
        status,
        effects: shares(id, /^(?!reversal$)/, ({ remainingDelta, reservedDelta }) =>
          new Decimal(remainingDelta).plus(reservedDelta),
        ),
      });
    }
    return model;
  }

  /** Remaining and reserved of all, in one query. */
  async balances(): Promise<unknown> {
    const { data } = await server.graphql(
      `{ ${this.ids.map((id, index) => `b${index}: bucket(id: "${id}") { status remainingValue { amount } reservedValue { amount } }`).join(' ')} }`,
    );
    return Object.values(data).map(({ status, remainingValue, reservedValue }: any) => [
      status,
      remainingValue.amount,
      reservedValue.amount,
    ]);
  }

  async problems(): Promise<string[]> {
    const problems = (await Promise.all(this.ids.map((id) => ledgerProblems(server, id)))).flat();
    const moved = new Map<string, Decimal>();
    const reversed = new Map<string, number>();
    for (const id of this.ids) {
      for (const { entryType, actionId, remainingDelta } of await entriesOf(server, id)) {
        if (/^transfer(Out|In)$/.test(entryType))
          moved.set(actionId, (moved.get(actionId) ?? new Decimal(0)).plus(remainingDelta));
        if (entryType === 'reversal')
          reversed.set(`${actionId} in ${id}`, (reversed.get(`${actionId} in ${id}`) ?? 0) + 1);
      }
    }
    for (const [id, sum] of moved) if (!sum.isZero()) problems.push(`transfer ${id} lost or made ${sum.toFixed()}`);
    for (const [what, times] of reversed) if (times > 1) problems.push(`${what} was reversed ${times} times`);
    const ended = await server.database.client.outbox.groupBy({
      by: ['resourceId'],
      where: {
        resourceId: { in: this.reservations.map(({ id }) => id) },
        eventType: 'ReserveBalanceStatusChangeEvent',
      },
      _count: true,
    });
    for (const { resourceId, _count } of ended) if (_count > 1) problems.push(`${resourceId} ended ${_count} times`);
    return problems;
  }
}

function end(
  asked: Extract<Command, { reservation: number }>,
  door: Transport,
  id: string,
  key: string,
): Promise<Outcome> {
  if (asked.type === 'release')
    return door === 'graphql'
      ? releaseVerb(server, id, { key })
      : update(server, 'rest', 'ReserveBalance', id, { status: 'cancelled' }, { key });
  if (asked.amount === undefined || door === 'graphql')
    return commitVerb(server, id, asked.amount === undefined ? undefined : eur(asked.amount), { key });
  return create(
    server,
    'rest',
    'AdjustBalance',
    { ...actions.commit.attributes, reserveBalance: { id }, amount: eur(asked.amount) },
    { key },
  );
}

describe('random sequences of commands', () => {
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it(
    'leave what a model of plain sums has, a ledger that replays to it, and nothing lost',
    async () => {
      const openings = fc.tuple(
        ...Array.from({ length: bucketCount }, () => fc.integer({ min: 0, max: 40 }).map(String)),
      );
      const counts: Record<string, number> = {};
      await fc.assert(
        fc.asyncProperty(openings, sequence, async (opened, parts) => {
          const run = new Run();
          let model = await run.start(opened);
          for (const { isConcurrent, commands } of parts) {
            if (isConcurrent) {
              const outcomes = await Promise.all(commands.map((asked) => run.send(asked)));
              for (const outcome of outcomes) expect(outcome?.code ?? 'ok').not.toMatch(/INTERNAL|UNAVAILABLE/);
              await run.balances();
              model = await run.resume();
            } else {
              for (const asked of commands) {
                const outcome = await run.send(asked);
                expect([asked, outcome?.code]).toEqual([asked, model.apply(asked)]);
                const came = `${asked.type} ${outcome ? (outcome.code ?? 'ok') : 'nothing to do'}`;
                counts[came] = (counts[came] ?? 0) + 1;
                expect([asked, await run.balances()]).toEqual([
                  asked,
                  model.buckets.map(({ status, remaining, reserved }) => [
                    status,
                    remaining.toNumber(),
                    reserved.toNumber(),
                  ]),
                ]);
              }
            }
            expect(await run.problems()).toEqual([]);
          }
        }),
        { seed, numRuns: runs },
      );
      if (process.env.RUNS) console.info(JSON.stringify(counts, Object.keys(counts).sort(), 1));
      // Sequences that do nothing, or only what is refused, would prove little.
      expect(Object.keys(counts).length).toBeGreaterThan(12);
    },
    timeoutMs,
  );
});
