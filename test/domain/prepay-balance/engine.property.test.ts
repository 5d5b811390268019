import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { startTestServer, type TestServer } from '../../support/server.js';
import { actions, balanceOf, entriesOf, eur, ledgerProblems, makeBucket, read } from './balances.js';
import { commitVerb, create, releaseVerb, update, type Door, type Outcome } from './doors.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const runs = Number(process.env.RUNS ?? 8);

// What is asked of the server; buckets and reservations by their number.
type Command =
  | { type: 'topup' | 'credit' | 'debit' | 'reserve'; door: Door; bucket: number; amount: string }
  | { type: 'drawDebit' | 'drawReserve'; door: Door; amount: string }
  | { type: 'commit'; door: Door; reservation: number; amount: string | undefined }
  | { type: 'release'; door: Door; reservation: number }
  | { type: 'status'; door: Door; bucket: number; status: 'active' | 'suspended' };

const door = fc.constantFrom<Door>('rest', 'graphql');
const amount = fc.oneof(
  fc.integer({ min: 1, max: 12 }).map(String),
  fc.integer({ min: 1, max: 900 }).map((cents) => new Decimal(cents).div(100).toFixed()),
  fc.constantFrom('0.1', '0.2', '0.000000001', '2.999999999'),
);
const bucketCount = 3;
const bucket = fc.nat({ max: bucketCount - 1 });
const reservation = fc.nat({ max: 20 });
const movement = fc.record({ type: fc.constantFrom('topup' as const, 'credit' as const, 'debit' as const, 'reserve' as const), door, bucket, amount });
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: movement },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('drawDebit' as const, 'drawReserve' as const), door, amount }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('commit' as const), door, reservation, amount: fc.option(amount, { nil: undefined }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('release' as const), door, reservation }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('status' as const), door, bucket, status: fc.constantFrom('active' as const, 'suspended' as const) }) },
);
/** Parts that run one after the other; the commands of a concurrent part run at once. */
const sequence = fc.array(fc.record({ isConcurrent: fc.boolean(), commands: fc.array(command, { minLength: 1, maxLength: 8 }) }), { minLength: 2, maxLength: 5 });

/** The balances as they must be: nothing but sums. */
class Model {
  readonly buckets: { remaining: Decimal; reserved: Decimal; isActive: boolean }[];
  readonly reservations: { isLive: boolean; holds: { bucket: number; amount: Decimal }[] }[] = [];

  constructor(openings: readonly string[]) {
    this.buckets = openings.map((opening) => ({ remaining: new Decimal(opening), reserved: new Decimal(0), isActive: true }));
  }

  /** Does a command, and answers the refusal's code or undefined. */
  apply(asked: Command): string | undefined {
    switch (asked.type) {
      case 'status':
        this.at(asked.bucket).isActive = asked.status === 'active';
        return undefined;
      case 'topup':
      case 'credit':
        if (!this.at(asked.bucket).isActive) return 'BUCKET_SUSPENDED';
        this.at(asked.bucket).remaining = this.at(asked.bucket).remaining.plus(asked.amount);
        return undefined;
      case 'debit':
      case 'reserve':
        if (!this.at(asked.bucket).isActive) return 'BUCKET_SUSPENDED';
        return this.draw([asked.bucket], asked.amount, asked.type === 'reserve');
      case 'drawDebit':
      case 'drawReserve': {
        const active = this.buckets.flatMap(({ isActive }, index) => (isActive ? [index] : []));
        return active.length === 0 ? 'BUCKET_UNKNOWN' : this.draw(active, asked.amount, asked.type === 'drawReserve');
      }
      case 'commit':
        return this.end(asked.reservation, asked.amount);
      case 'release':
        return this.end(asked.reservation, '0');
    }
  }

  private at(index: number): Model['buckets'][number] {
    return this.buckets[index] as Model['buckets'][number];
  }

  private draw(from: readonly number[], text: string, isReserved: boolean): string | undefined {
    let missing = new Decimal(text);
    const available = from.reduce((sum, index) => sum.plus(this.at(index).remaining), new Decimal(0));
    if (available.lt(missing)) return 'INSUFFICIENT_REMAINING';
    const holds = [];
    for (const index of from) {
      const share = Decimal.min(missing, this.at(index).remaining);
      if (share.isZero()) continue;
      this.at(index).remaining = this.at(index).remaining.minus(share);
      if (isReserved) this.at(index).reserved = this.at(index).reserved.plus(share);
      holds.push({ bucket: index, amount: share });
      missing = missing.minus(share);
    }
    if (isReserved) this.reservations.push({ isLive: true, holds });
    return undefined;
  }

  /** Consumes the amount (all when undefined) and gives the rest back. */
  private end(number: number, text: string | undefined): string | undefined {
    const ended = this.reservations[number];
    if (ended === undefined) return undefined;
    if (!ended.isLive) return 'RESERVATION_NOT_LIVE';
    const held = ended.holds.reduce((sum, hold) => sum.plus(hold.amount), new Decimal(0));
    let missing = new Decimal(text ?? held);
    if (missing.gt(held)) return 'COMMIT_ABOVE_RESERVED';
    for (const hold of ended.holds) {
      const consumed = Decimal.min(missing, hold.amount);
      const state = this.at(hold.bucket);
      state.reserved = state.reserved.minus(hold.amount);
      state.remaining = state.remaining.plus(hold.amount).minus(consumed);
      missing = missing.minus(consumed);
    }
    ended.isLive = false;
    return undefined;
  }
}

let server: TestServer;
let products = 0;

/** One sequence against the server: fresh buckets, the ids behind the numbers, and what came of it. */
class Run {
  private readonly product = [{ id: `property-${++products}` }];
  readonly ids: string[] = [];
  readonly reservations: string[] = [];
  /** What all accepted commands have added to remaining and reserved together. */
  added = new Decimal(0);
  readonly endings = new Map<string, number>();

  async start(openings: readonly string[]): Promise<void> {
    for (const opening of openings) {
      this.ids.push(await makeBucket(server, opening, { product: this.product, priority: this.ids.length }));
      this.added = this.added.plus(opening);
    }
  }

  async send(asked: Command): Promise<Outcome | undefined> {
    const outcome = await this.ask(asked);
    if (outcome === undefined || outcome.code !== undefined) return outcome;
    if (asked.type === 'topup' || asked.type === 'credit') this.added = this.added.plus(asked.amount);
    if (asked.type === 'debit' || asked.type === 'drawDebit') this.added = this.added.minus(asked.amount);
    if (asked.type === 'commit') this.added = this.added.minus(outcome.resource.amount.amount);
    if (asked.type === 'commit' || asked.type === 'release') {
      const id = String(this.reservations[asked.reservation]);
      this.endings.set(id, (this.endings.get(id) ?? 0) + 1);
    }
    return outcome;
  }

  /** Undefined when the command names a reservation that there is not yet. */
  private ask(asked: Command): Promise<Outcome> | undefined {
    const at = 'bucket' in asked ? { bucket: { id: this.ids[asked.bucket] } } : { product: this.product, usageType: 'monetary' };
    switch (asked.type) {
      case 'status':
        return update(server, asked.door, 'Bucket', String(this.ids[asked.bucket]), { status: asked.status });
      case 'drawDebit':
        return create(server, asked.door, 'AdjustBalance', { ...actions.debit.attributes, ...at, amount: eur(asked.amount) });
      case 'drawReserve':
        return create(server, asked.door, 'ReserveBalance', { ...at, amount: eur(asked.amount) });
      case 'commit':
      case 'release': {
        const id = this.reservations[asked.reservation];
        return id === undefined ? undefined : end(asked, id);
      }
      default: {
        const { type, attributes } = actions[asked.type];
        return create(server, asked.door, type, { ...attributes, ...at, amount: eur(asked.amount) });
      }
    }
  }

  async problems(): Promise<string[]> {
    const problems = (await Promise.all(this.ids.map((id) => ledgerProblems(server, id)))).flat();
    const balances = (await Promise.all(this.ids.map((id) => balanceOf(server, id)))).flat();
    const total = balances.reduce((sum, value) => sum.plus(value), new Decimal(0));
    if (!total.eq(this.added)) problems.push(`the buckets have ${total.toFixed()}, ${this.added.toFixed()} was put in`);
    for (const [id, times] of this.endings) if (times > 1) problems.push(`${id} ended ${times} times`);
    return problems;
  }
}

function end(asked: Extract<Command, { reservation: number }>, id: string): Promise<Outcome> {
  if (asked.type === 'release') return asked.door === 'graphql' ? releaseVerb(server, id) : update(server, 'rest', 'ReserveBalance', id, { status: 'cancelled' });
  if (asked.amount === undefined || asked.door === 'graphql') return commitVerb(server, id, asked.amount === undefined ? undefined : eur(asked.amount));
  return create(server, 'rest', 'AdjustBalance', { ...actions.commit.attributes, reserveBalance: { id }, amount: eur(asked.amount) });
}

/** After commands that ran at once nobody knows their order: the model goes on from what is stored. */
async function resume(run: Run): Promise<Model> {
  const model = new Model([]);
  const held = new Map(run.reservations.map((id) => [id, [] as Model['reservations'][number]['holds']]));
  for (const [index, id] of run.ids.entries()) {
    const { remainingValue, reservedValue, status } = await read(server, 'Bucket', id);
    model.buckets.push({ remaining: new Decimal(remainingValue.amount), reserved: new Decimal(reservedValue.amount), isActive: status === 'active' });
    for (const { entryType, actionId, reservedDelta } of await entriesOf(server, id)) {
      if (entryType === 'reserve') held.get(actionId)?.push({ bucket: index, amount: new Decimal(reservedDelta) });
    }
  }
  for (const id of run.reservations) {
    const { status } = await read(server, 'ReserveBalance', id);
    model.reservations.push({ isLive: status === 'created', holds: held.get(id) ?? [] });
  }
  return model;
}

describe('random sequences of commands', () => {
  beforeAll(async () => {
    console.info(`engine.property seed ${seed}, reproduce with SEED=${seed}`);
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it('leave what a model of plain sums has, a ledger that replays to it, and nothing lost', async () => {
    const openings = fc.tuple(amount, amount, fc.constant('0'));
    let accepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(openings, sequence, async (opened, parts) => {
        const run = new Run();
        await run.start(opened);
        let model = new Model(opened);
        for (const { isConcurrent, commands } of parts) {
          if (isConcurrent) {
            const outcomes = await Promise.all(commands.map((asked) => run.send(asked)));
            run.reservations.push(...outcomes.flatMap((outcome) => (outcome?.resource?.status === 'created' ? [outcome.resource.id] : [])));
            for (const outcome of outcomes) expect(outcome?.code ?? 'ok').not.toMatch(/INTERNAL|UNAVAILABLE/);
            model = await resume(run);
            continue;
          }
          for (const asked of commands) {
            const outcome = await run.send(asked);
            expect([asked, outcome?.code]).toEqual([asked, model.apply(asked)]);
            if (outcome?.code) refused += 1;
            else accepted += 1;
            if (outcome?.resource?.status === 'created') run.reservations.push(outcome.resource.id);
          }
          const balances = await Promise.all(run.ids.map((id) => balanceOf(server, id)));
          expect(balances).toEqual(model.buckets.map(({ remaining, reserved }) => [remaining.toNumber(), reserved.toNumber()]));
        }
        expect(await run.problems()).toEqual([]);
      }),
      { seed, numRuns: runs },
    );
    // Sequences that do nothing, or only what is refused, would prove little.
    expect(accepted + refused).toBeGreaterThan(runs);
  });
});
