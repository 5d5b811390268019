import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Random } from '../support/random.js';
import { seed } from '../support/seed.js';
import { People } from './people.js';

jest.setTimeout(120_000);

// Random buckets, named in random ways, as random people see them: compared with what a model says.

const names = ['a', 'b', 'c', 'd'];
const owning = ['customer', 'owner', 'user'];
const partyRoles = [...owning, 'seller', 'payer', undefined];

interface Made {
  id: string;
  name: string;
  parties: { id: string; role: string | undefined }[];
  account: string | undefined;
  numbers: string[];
}

interface Person {
  parties: string[];
  accounts: string[];
  logical_resources: string[];
}

const random = new Random(seed);
const some = <T>(values: readonly T[]): T[] => values.filter(() => random.chance(0.4));

const persons: Record<string, Person> = {};
const buckets: Made[] = [];
let people: People;

beforeAll(async () => {
  for (let index = 0; index < 8; index++)
    persons[`person-${index}`] = {
      parties: some(names),
      accounts: some(names).map((name) => `account-${name}`),
      logical_resources: some(names).map((name) => `+49 ${name}`),
    };
  const claims = Object.entries(persons).map(([name, person]) => [name, { roles: ['customer'], ...person }]);
  people = await People.start(Object.fromEntries(claims));
  for (let index = 0; index < 60; index++) {
    const parties = some(names).map((id) => ({ id, role: random.pick(partyRoles) }));
    const account = random.chance(0.3) ? `account-${random.pick(names)}` : undefined;
    const numbers = some(names).map((name) => `+49 ${name}`);
    const name = `bucket ${random.below(20)}`;
    const id = await people.make('/bucket', {
      name,
      usageType: 'monetary',
      remainingValue: { amount: 1, units: 'EUR' },
      relatedParty: parties.map((each) => ({ ...each, '@referredType': 'Individual' })),
      ...(account && { partyAccount: { id: account, name: 'account', status: 'active' } }),
      ...(numbers.length > 0 && { logicalResource: numbers.map((value) => ({ value })) }),
    });
    buckets.push({ id, name, parties, account, numbers });
  }
});
afterAll(() => people.close());

/** What the documents say (docs/rights.md). */
function isOwn({ parties, account, numbers }: Made, person: Person): boolean {
  return (
    parties.some(({ id, role }) => person.parties.includes(id) && owning.includes(role ?? '')) ||
    (account !== undefined && person.accounts.includes(account)) ||
    numbers.some((number) => person.logical_resources.includes(number))
  );
}

it('each person sees what the model says, in lists, pages, counts, below and by id', async () => {
  for (const [name, person] of Object.entries(persons)) {
    const own = buckets.filter((bucket) => isOwn(bucket, person));
    const sorted = [...own].sort((x, y) => (x.name < y.name ? -1 : x.name > y.name ? 1 : x.id < y.id ? -1 : 1));
    const ids = sorted.map(({ id }) => id);

    const query = `query ($after: String) { buckets(orderBy: [{ name: ASC }], limit: 7, after: $after) {
      totalCount pageInfo { endCursor hasNextPage } items { id entries { totalCount items { bucketId } } }
    } }`;
    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const { data, errors } = await people.graphql(name, query, { after });
      expect(errors).toBeUndefined();
      if (after === null) expect([name, data.buckets.totalCount]).toEqual([name, ids.length]);
      for (const { id, entries } of data.buckets.items) {
        seen.push(id);
        expect(entries).toEqual({ totalCount: 1, items: [{ bucketId: id }] });
      }
      if (!data.buckets.pageInfo.hasNextPage) break;
      after = data.buckets.pageInfo.endCursor;
    }
    expect([name, seen]).toEqual([name, ids]);

    const searched = `bucket ${random.below(20)}`;
    const found = await people.rest(name, 'GET', `/bucket?name=${encodeURIComponent(searched)}&sort=id`);
    const expected = own.filter((bucket) => bucket.name === searched).map(({ id }) => id);
    expect([found.body.map(({ id }: { id: string }) => id), found.headers.get('x-total-count')]).toEqual([
      expected.sort(),
      String(expected.length),
    ]);

    const any = random.pick(buckets);
    const { status } = await people.rest(name, 'GET', `/bucket/${any.id}`);
    expect([name, any.id, status]).toEqual([name, any.id, isOwn(any, person) ? 200 : 404]);

    // What is summed up is summed up of own buckets only.
    const sums = await people.graphql(name, '{ accumulatedBalances(limit: 500) { items { bucket { refId } } } }');
    const summed = sums.data.accumulatedBalances.items.flatMap((sum: any) => sum.bucket.map(({ id }: any) => id));
    expect([...new Set<string>(summed)].filter((id) => !ids.includes(id))).toEqual([]);
  }
});
