import type { Random } from '../support/random.js';
import { balances, bills, create, graphql, orders, outcomeOfRest, usages, type Creation } from './asks.js';
import type { Books } from './books.js';
import type { Ask, Client } from './client.js';
import type { Findings } from './findings.js';
import { importFile } from './import.js';

export const parties = 25;
export const bucketsEach = 2;
export const opening = 100_000_000;
/** No bucket ever has so much. */
const tooMuch = 10_000_000_000;
/** Writes that were answered, of which some are sent once more. */
const rememberedMax = 500;

/** What is needed to ask for something. */
export interface Scene {
  readonly client: Client;
  readonly books: Books;
  readonly findings: Findings;
  /** Buckets of the parties, and the specification of their usages. */
  readonly buckets: readonly string[];
  readonly specification: string;
  /** Unlike any other. */
  nextKey(): string;
  readonly remembered: { creation: Creation; id: string | undefined; code: string | undefined }[];
  readonly orders: string[];
}

export type Work = (scene: Scene, random: Random) => Promise<void>;

export const euros = (hundredths: number): object => ({ amount: hundredths / 100, units: 'EUR' });
export const partyOf = (number: number): object => ({
  id: `party-${number}`,
  role: 'customer',
  '@referredType': 'Individual',
});
const anyAmount = (random: Random): number => 1 + random.below(2_000);
const anyParty = (random: Random): number => random.below(parties);

/** Makes something; when it was made, `then` says what it means. What is refused unexpectedly is wrong. */
async function make(
  scene: Scene,
  random: Random,
  what: Omit<Creation, 'key'>,
  then: (id: string) => void,
  expected: readonly string[] = [],
): Promise<void> {
  const creation = { ...what, key: scene.nextKey() };
  const outcome = await create(scene.client, random, creation);
  if (!outcome) return;
  const { id, refusal } = outcome;
  if (id !== undefined) {
    if (expected.length > 0) scene.findings.add('what must be refused was done', JSON.stringify(creation));
    then(id);
  } else if (refusal && expected.includes(refusal.code)) {
    if (refusal.isRecorded) scene.books.count(what.resource, 'failed', 1);
  } else if (isTooLate(what.input, refusal?.code)) return;
  else scene.findings.add('a write was refused', `${JSON.stringify(creation)}: ${refusal?.text}`.slice(0, 700));
  scene.remembered.push({ creation, id, code: refusal?.code });
  if (scene.remembered.length > rememberedMax) scene.remembered.shift();
}

/** Who asks for something to happen at an instant may be repeated for so long that it is over: nothing is kept of that. */
function isTooLate(input: object, code: string | undefined): boolean {
  const { requestedDate, expirationDate } = input as { requestedDate?: string; expirationDate?: string };
  const isRefused = code === 'INVALID_ATTRIBUTE' || code === '24';
  return isRefused && Date.parse(requestedDate ?? expirationDate ?? '') < Date.now();
}

const action = (resource: string, input: object): Omit<Creation, 'key'> => ({ base: balances, resource, input });

const topup: Work = (scene, random) => {
  const [bucket, amount] = [random.pick(scene.buckets), anyAmount(random)];
  return make(scene, random, action('topupBalance', { bucket: { id: bucket }, amount: euros(amount) }), (id) => {
    scene.books.acted('topupBalance', 'completed', id);
    scene.books.moved(bucket, amount);
  });
};

const adjust: Work = (scene, random) => {
  const [bucket, amount, isDebit] = [random.pick(scene.buckets), anyAmount(random), random.chance(0.7)];
  const input = {
    bucket: { id: bucket },
    amount: euros(amount),
    adjustType: isDebit ? 'serviceDebit' : 'goodwillCredit',
  };
  return make(scene, random, action('adjustBalance', input), (id) => {
    scene.books.acted('adjustBalance', 'completed', id);
    scene.books.moved(bucket, isDebit ? -amount : amount);
  });
};

const transfer: Work = (scene, random) => {
  const [from, amount] = [random.pick(scene.buckets), anyAmount(random)];
  const to = random.pick(scene.buckets.filter((bucket) => bucket !== from));
  const cost = random.chance(0.3) ? 25 : 0;
  const input = {
    bucket: { id: from },
    receiverBucket: { id: to },
    amount: euros(amount),
    ...(cost > 0 && { transferCost: euros(cost) }),
  };
  return make(scene, random, action('transferBalance', input), (id) => {
    scene.books.acted('transferBalance', 'completed', id);
    scene.books.moved(from, -amount - cost);
    scene.books.moved(to, amount);
  });
};

const reserve: Work = (scene, random) => {
  const [bucket, hundredths, lapses] = [random.pick(scene.buckets), anyAmount(random), random.chance(0.25)];
  const input = {
    bucket: { id: bucket },
    amount: euros(hundredths),
    ...(lapses && { expirationDate: new Date(Date.now() + 45_000 + random.below(20_000)).toISOString() }),
  };
  return make(scene, random, action('reserveBalance', input), (id) => {
    scene.books.acted('reserveBalance', 'created', id);
    scene.books.moved(bucket, -hundredths, hundredths);
    if (lapses) scene.books.waits(id, { what: 'lapse', bucket, hundredths });
    else scene.books.reservations.push({ id, bucket, hundredths });
  });
};

const endReservation: Work = async (scene, random) => {
  const reservation = scene.books.reservations.shift();
  if (!reservation) return reserve(scene, random);
  const { id, bucket, hundredths } = reservation;
  const { books } = scene;
  if (random.chance(0.5)) {
    const taken = 1 + random.below(hundredths);
    const input = { adjustType: 'reservationDebit', reserveBalance: { id }, amount: euros(taken) };
    return make(scene, random, action('adjustBalance', input), (adjusted) => {
      books.acted('adjustBalance', 'completed', adjusted);
      books.count('reserveBalance', 'created', -1);
      books.count('reserveBalance', 'completed', 1);
      books.moved(bucket, hundredths - taken, -hundredths);
    });
  }
  const ask: Ask = {
    ...{ kind: 'write', method: 'PATCH', path: `${balances}/reserveBalance/${id}`, key: scene.nextKey() },
    body: '{"status":"cancelled"}',
  };
  const answer = await scene.client.write(ask, random);
  if (!answer) return;
  if (answer.status !== 200) scene.findings.add('a write was refused', `${ask.path}: ${answer.text}`);
  books.count('reserveBalance', 'created', -1);
  books.count('reserveBalance', 'cancelled', 1);
  books.moved(bucket, hundredths, -hundredths);
};

const schedule: Work = (scene, random) => {
  const [bucket, hundredths] = [random.pick(scene.buckets), anyAmount(random)];
  const requestedDate = new Date(Date.now() + 45_000 + random.below(20_000)).toISOString();
  const input = { bucket: { id: bucket }, amount: euros(hundredths), requestedDate };
  return make(scene, random, action('topupBalance', input), (id) => {
    scene.books.acted('topupBalance', 'created', id);
    scene.books.waits(id, { what: 'topup', bucket, hundredths });
  });
};

/** What must be refused, and moves nothing. */
const overdraw: Work = (scene, random) => {
  const [from, to] = [random.pick(scene.buckets.slice(0, 5)), random.pick(scene.buckets.slice(5))];
  const amount = euros(tooMuch);
  const what = random.chance(0.5)
    ? action('adjustBalance', { bucket: { id: from }, amount, adjustType: 'serviceDebit' })
    : action('transferBalance', { bucket: { id: from }, receiverBucket: { id: to }, amount });
  return make(scene, random, what, () => undefined, ['INSUFFICIENT_REMAINING', '114']);
};

const rated = (hundredths: number): object[] => [{ taxIncludedRatingAmount: { value: hundredths / 100, unit: 'EUR' } }];

/** A usage that consumes a bucket, or waits for its bill. */
const usage: Work = (scene, random) => {
  const [number, hundredths, isCharged] = [anyParty(random), anyAmount(random), random.chance(0.5)];
  const bucket = random.pick(scene.buckets);
  const account = { id: `account-${number}`, '@referredType': 'BillingAccount' };
  const input = {
    usageSpecification: { id: scene.specification },
    status: 'rated',
    usageType: random.pick(['voice', 'data', 'sms']),
    ...{ externalId: scene.nextKey(), source: 'soak', ratedProductUsage: rated(hundredths) },
    relatedParty: isCharged ? [partyOf(number)] : [partyOf(number), account],
    ...(isCharged && { chargeTo: { bucket: { id: bucket } } }),
  };
  return make(scene, random, { base: usages, resource: 'usage', input }, (id) => {
    scene.books.made('Usage', id);
    if (!isCharged) return;
    scene.books.count('adjustBalance', 'completed', 1);
    scene.books.moved(bucket, -hundredths);
  });
};

const billOnDemand: Work = (scene, random) => {
  const input = { billingAccount: { id: `account-${anyParty(random)}` } };
  return make(scene, random, { base: bills, resource: 'customerBillOnDemand', input }, (id) =>
    scene.books.made('CustomerBillOnDemand', id),
  );
};

const order: Work = (scene, random) => {
  const input = {
    relatedParty: [partyOf(anyParty(random))],
    orderItem: [
      { id: '1', action: 'add', resource: { name: 'Fibre' } },
      {
        id: '2',
        action: 'add',
        orderItemRelationship: [{ relationshipType: 'dependsOn', orderItem: { itemId: '1' } }],
      },
    ],
  };
  return make(scene, random, { base: orders, resource: 'resourceOrder', input, isRestOnly: true }, (id) => {
    scene.books.made('ResourceOrder', id);
    scene.orders.push(id);
  });
};

const cancelOrder: Work = (scene, random) => {
  const id = scene.orders.shift();
  if (id === undefined) return order(scene, random);
  const input = { resourceOrder: { id }, cancellationReason: 'no longer required' };
  return make(scene, random, { base: orders, resource: 'cancelResourceOrder', input }, (cancel) =>
    scene.books.made('CancelResourceOrder', cancel),
  );
};

/** The same again under its key, by either transport: the same answer, and nothing moves. */
const repeat: Work = async (scene, random) => {
  if (scene.remembered.length === 0) return topup(scene, random);
  const { creation, id, code } = random.pick(scene.remembered);
  const outcome = await create(scene.client, random, creation);
  if (!outcome) return;
  const isSame = id === undefined ? code !== undefined && outcome.refusal !== undefined : outcome.id === id;
  if (!isSame)
    scene.findings.add(
      'a repeat was answered otherwise',
      `${JSON.stringify(creation)}: ${id ?? code}, then ${JSON.stringify(outcome)}`,
    );
};

const reads: ((scene: Scene, random: Random) => Ask)[] = [
  () => get(`${balances}/bucket?status=active&limit=20`),
  (scene, random) => get(`${balances}/bucket/${random.pick(scene.buckets)}`),
  (scene, random) => get(`${balances}/balanceAction?bucket.id=${random.pick(scene.buckets)}&sort=-id&limit=10`),
  (_, random) => get(`${balances}/accumulatedBalance?relatedParty.id=party-${anyParty(random)}`),
  (_, random) => get(`${usages}/usage?relatedParty.id=party-${anyParty(random)}&sort=-usageDate&limit=20`),
  (_, random) => get(`${bills}/customerBill?billingAccount.id=account-${anyParty(random)}&limit=10`),
  (scene, random) =>
    graphql(
      'query ($id: ID!) { bucket(id: $id) { id remainingValue { amount } entries(orderBy: [{ sequence: DESC }], limit: 5) { items { sequence remainingAfter } } } }',
      { id: random.pick(scene.buckets) },
    ),
  (_, random) =>
    graphql(
      'query ($id: ID!) { party(id: $id) { buckets { items { id remainingValue { amount units } } } usages(limit: 3) { items { usageDate } } resourceOrders(limit: 3) { items { state } } } }',
      { id: `party-${anyParty(random)}` },
    ),
  (_, random) =>
    graphql(
      'query ($id: String!) { usagesAggregate(filter: { relatedParty: { some: { refId: { eq: $id } } } }, groupBy: [usageType]) { items { keys { usageType } count } } }',
      { id: `party-${anyParty(random)}` },
    ),
];

function get(path: string): Ask {
  return { kind: 'read', path };
}

const read: Work = async (scene, random) => {
  const ask = random.pick(reads)(scene, random);
  const answer = await scene.client.read(ask, random);
  if (answer && (answer.status >= 300 || answer.text.includes('"errors":[')))
    scene.findings.add(
      'a read was refused',
      `${ask.path} ${ask.body ?? ''}: ${answer.status} ${answer.text.slice(0, 300)}`,
    );
};

/** A list of usages as a file, all of it. */
const exportFile: Work = async (scene, random) => {
  const input = {
    query: `usageType=${random.pick(['voice', 'data', 'sms'])}`,
    contentType: random.pick(['text/csv', 'application/x-ndjson']),
  };
  const ask: Ask = { kind: 'write', path: `${usages}/exportJob`, body: JSON.stringify(input), key: scene.nextKey() };
  const answer = await scene.client.write(ask, random);
  const { id } = answer ? outcomeOfRest(answer) : {};
  if (answer && id === undefined) return scene.findings.add('a write was refused', `${ask.body}: ${answer.text}`);
  if (!answer) return;
  const file = await scene.client.read({ kind: 'file', path: new URL(JSON.parse(answer.text).url).pathname }, random);
  if (file && file.status !== 200)
    scene.findings.add('an export was refused', `${file.status} ${file.text.slice(0, 300)}`);
};

/** How often, beside each other. */
const weights: readonly [number, Work][] = [
  [18, topup],
  [10, adjust],
  [10, transfer],
  [8, reserve],
  [6, endReservation],
  [3, schedule],
  [3, overdraw],
  [9, usage],
  [1, billOnDemand],
  [3, order],
  [2, cancelOrder],
  [6, repeat],
  [25, read],
  [0.4, exportFile],
  [0.4, importFile],
];
const total = weights.reduce((sum, [weight]) => sum + weight, 0);

export function anyWork(random: Random): Work {
  let left = random.next() * total;
  return weights.find(([weight]) => (left -= weight) < 0)?.[1] ?? read;
}
