import { Decimal } from 'decimal.js';
import { eventually } from '../support/eventually.js';
import { call } from './program.js';

const clients = 4;
const opening = 1_000;
const eur = (amount: number): object => ({ amount, units: 'EUR' });

const party = (client: number): object => ({
  '@referredType': 'Individual',
  id: `party-${client}`,
  name: `Party ${client}`,
});

interface Answer {
  status: number;
  body: any;
}

/** What clients of both transports do all the time, each with buckets of its own: writes whose sum is known, and reads. */
export class Load {
  /** Operations that were answered as they should. */
  count = 0;
  readonly failures: string[] = [];
  private origins: readonly string[];
  private isOver = false;
  private readonly expected = new Map<string, Decimal>();
  private readonly actions = new Set<string>();
  private working: Promise<unknown> = Promise.resolve();
  /** Operations that are under way, by server. */
  private readonly open = new Map<string, number>();
  /** What an attribute that names a resource is called in GraphQL, by server. */
  private readonly idNames = new Map<string, string>();

  private constructor(origin: string) {
    this.origins = [origin];
  }

  static async begin(origin: string): Promise<Load> {
    const load = new Load(origin);
    await load.look(origin);
    const loops: Promise<void>[] = [];
    for (let client = 0; client < clients; client++) {
      const ids: string[] = [];
      for (const amount of [opening, 0]) {
        const { body } = await call(origin, 'POST', '/bucket', {
          usageType: 'monetary',
          remainingValue: eur(amount),
          relatedParty: [party(client)],
        });
        if (body.id === undefined) throw new Error(JSON.stringify(body));
        ids.push(body.id);
        load.expected.set(body.id, new Decimal(amount));
      }
      loops.push(load.loop(client, ids));
    }
    load.working = Promise.all(loops);
    return load;
  }

  /** Waits until so many more were answered. */
  async more(operations: number): Promise<void> {
    const goal = this.count + operations;
    await eventually(
      `${operations} more operations are answered`,
      () => this.count >= goal || this.failures.length > 0 || undefined,
    );
  }

  /** Sends what comes to these servers alone, as a balancer does, and waits until the others have answered. */
  async goTo(...origins: string[]): Promise<void> {
    for (const origin of origins) await this.look(origin);
    const left = this.origins.filter((origin) => !origins.includes(origin));
    this.origins = origins;
    await eventually('the others have answered', () => left.every((origin) => !this.open.get(origin)) || undefined);
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.working;
  }

  /** Ids of all top-ups, debits, reservations and transfers that were acknowledged. */
  get acknowledged(): ReadonlySet<string> {
    return this.actions;
  }

  /** Buckets that have something else than what was acknowledged. */
  async differences(origin: string): Promise<string[]> {
    const found: string[] = [];
    for (const [id, amount] of this.expected) {
      const { body } = await call(origin, 'GET', `/bucket/${id}`);
      if (!amount.equals(body.remainingValue.amount))
        found.push(`${id} has ${body.remainingValue.amount}, not ${amount.toString()}`);
    }
    return found;
  }

  private async look(origin: string): Promise<void> {
    const { body } = await this.graphql(
      origin,
      'query ($filter: BalanceActionFilter) { balanceActions(filter: $filter, limit: 1) { items { id } } }',
      {
        filter: { bucket: { refId: { eq: 'x' } } },
      },
    );
    this.idNames.set(origin, body.errors ? 'id' : 'refId');
  }

  private async loop(client: number, [bucket, friend]: string[]): Promise<void> {
    for (let turn = client; !this.isOver; turn++) {
      const origin = this.origins[(turn + Math.floor(turn / operationNames.length)) % this.origins.length]!;
      const what = operationNames[turn % operationNames.length]!;
      try {
        const key = `${client}-${turn}`;
        await this.counted(origin, () => this.operations[what](origin, key, bucket!, friend!, client));
        this.count += 1;
      } catch (error) {
        this.failures.push(`${what} of ${origin}: ${(error as Error).message} ${String((error as Error).cause ?? '')}`);
      }
    }
  }

  private async counted<T>(origin: string, work: () => Promise<T>): Promise<T> {
    this.open.set(origin, (this.open.get(origin) ?? 0) + 1);
    try {
      return await work();
    } finally {
      this.open.set(origin, this.open.get(origin)! - 1);
    }
  }

  private readonly operations = {
    topup: async (origin: string, key: string, bucket: string): Promise<void> => {
      this.moved(await call(origin, 'POST', '/topupBalance', { amount: eur(2.5), bucket: { id: bucket } }, key), [
        bucket,
        2.5,
      ]);
    },
    list: async (origin: string): Promise<void> => {
      const { status, body } = await call(origin, 'GET', '/bucket?limit=20');
      if (![200, 206].includes(status) || body.length < 2) throw new Error(JSON.stringify([status, body]));
    },
    graphqlTopup: async (origin: string, key: string, bucket: string): Promise<void> => {
      const input = { amount: eur(1.25), bucket: { [this.idNames.get(origin)!]: bucket } };
      const answer = await this.graphql(
        origin,
        'mutation ($input: TopupBalanceCreate!) { createTopupBalance(input: $input) { id status } }',
        { input },
        key,
      );
      const made = answer.body.data?.createTopupBalance;
      this.moved({ status: made ? 201 : answer.status, body: made ?? answer.body }, [bucket, 1.25]);
    },
    graphqlList: async (origin: string): Promise<void> => {
      await this.data(
        origin,
        '{ buckets(limit: 20) { totalCount items { id name remainingValue { amount units } } } topupBalances(limit: 5, orderBy: [{ id: DESC }]) { items { id status } } }',
      );
    },
    reserve: async (origin: string, key: string, bucket: string): Promise<void> => {
      const reserved = await call(
        origin,
        'POST',
        '/reserveBalance',
        { amount: eur(3), bucket: { id: bucket } },
        `${key}-r`,
      );
      this.moved(reserved, [bucket, -3]);
      const commit = { adjustType: 'reservationDebit', reserveBalance: { id: reserved.body.id }, amount: eur(1) };
      this.moved(await call(origin, 'POST', '/adjustBalance', commit, `${key}-c`), [bucket, 2]);
    },
    party: async (origin: string, _key: string, bucket: string, _friend: string, client: number): Promise<void> => {
      await this.data(
        origin,
        `{ party(id: "party-${client}") { buckets { items { id } } customerBills { items { id } } usages(limit: 2) { items { id } } } bucket(id: "${bucket}") { id entries(limit: 3) { items { sequence } } } }`,
      );
    },
    transfer: async (origin: string, key: string, bucket: string, friend: string): Promise<void> => {
      const body = { amount: eur(2), bucket: { id: bucket }, receiverBucket: { id: friend }, transferCost: eur(0.25) };
      this.moved(await call(origin, 'POST', '/transferBalance', body, key), [bucket, -2.25], [friend, 2]);
    },
    replay: async (origin: string, key: string, bucket: string): Promise<void> => {
      const debit = { amount: eur(1), bucket: { id: bucket }, adjustType: 'oneTimeChargeDebit' };
      this.moved(await call(origin, 'POST', '/adjustBalance', debit, key), [bucket, -1]);
      // By another server, where there is one.
      const other = this.origins[0]!;
      const again = await this.counted(other, () => call(other, 'POST', '/adjustBalance', debit, key));
      const isReplayed = again.status === 201 && again.headers.get('idempotency-replayed') === 'true';
      if (!isReplayed) throw new Error(JSON.stringify(again));
    },
    usage: async (origin: string, key: string, bucket: string, _friend: string, client: number): Promise<void> => {
      const usage = {
        usageSpecification: { id: 'data' },
        usageDate: '2026-03-01T00:00:00.000Z',
        status: 'rated',
        relatedParty: [party(client)],
        ratedProductUsage: [{ taxExcludedRatingAmount: { value: 1, unit: 'EUR' } }],
      };
      const { status, body } = await this.rest(origin, 'POST', '/tmf-api/usageManagement/v4/usage', usage, key);
      if (status !== 201) throw new Error(JSON.stringify([status, body, bucket]));
    },
    order: async (origin: string, key: string): Promise<void> => {
      const order = { name: `order ${key}`, orderItem: [{ id: '1', action: 'add', resource: { name: 'SIM' } }] };
      const { status, body } = await this.rest(
        origin,
        'POST',
        '/tmf-api/resourceOrdering/v4/resourceOrder',
        order,
        key,
      );
      if (status !== 201) throw new Error(JSON.stringify([status, body]));
    },
  };

  private moved({ status, body }: Answer, ...amounts: [string, number][]): void {
    if (status !== 201 || body.status === 'failed') throw new Error(JSON.stringify([status, body]));
    this.actions.add(body.id);
    for (const [id, amount] of amounts) this.expected.set(id, this.expected.get(id)!.plus(amount));
  }

  private async data(origin: string, query: string): Promise<void> {
    const { status, body } = await this.graphql(origin, query, {});
    if (status !== 200 || body.errors) throw new Error(JSON.stringify([status, body]));
  }

  private graphql(origin: string, query: string, variables: object, key?: string): Promise<Answer> {
    return this.rest(origin, 'POST', '/graphql', { query, variables }, key);
  }

  private async rest(origin: string, method: string, path: string, body: object, key?: string): Promise<Answer> {
    const response = await fetch(origin + path, {
      method,
      headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    return { status: response.status, body: await response.json() };
  }
}

const operationNames = [
  'topup',
  'list',
  'graphqlTopup',
  'graphqlList',
  'reserve',
  'party',
  'transfer',
  'replay',
  'usage',
  'order',
] as const;
