import type { Random } from '../support/random.js';
import { balances, create, usages } from './asks.js';
import type { Books } from './books.js';
import type { Client } from './client.js';
import type { Findings } from './findings.js';
import { bucketsEach, euros, opening, parties, partyOf, type Scene } from './works.js';

/** Makes what everything else is about. */
export async function prepare(
  client: Client,
  books: Books,
  findings: Findings,
  random: Random,
  seed: number,
): Promise<Scene> {
  let keys = 0;
  const nextKey = (): string => `soak-${seed}-${++keys}`;
  const made = async (base: string, resource: string, input: object): Promise<string> => {
    const outcome = await create(client, random, { base, resource, input, key: nextKey() });
    if (outcome?.id === undefined) throw new Error(`${resource} was not made: ${JSON.stringify(outcome)}`);
    return outcome.id;
  };
  const specification = await made(usages, 'usageSpecification', { name: 'Any' });
  const buckets: string[] = [];
  for (let number = 0; number < parties * bucketsEach; number++) {
    const input = {
      usageType: 'monetary',
      remainingValue: euros(opening),
      relatedParty: [partyOf(number % parties)],
      partyAccount: { id: `account-${number % parties}` },
      logicalResource: [{ id: `49170${number}`, value: `49170${number}` }],
    };
    const id = await made(balances, 'bucket', input);
    books.opened(id, opening);
    buckets.push(id);
  }
  return { client, books, findings, buckets, specification, nextKey, remembered: [], orders: [] };
}
