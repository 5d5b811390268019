import { describe, expect, test } from '@jest/globals';
// It is a program in JavaScript, which is checked by itself.
// @ts-expect-error -- no types are made of it
import { placements, simulate } from '../../bench/cells/simulation.js';

interface Result {
  placement: string;
  cells: number;
  balance: { largest: number; p99: number; sum: number };
  spread: { largest: number; sum: number };
  across: number;
  transfersAcross: number;
}
interface Simulated {
  subscribers: number;
  work: number;
  results: Result[];
}

const setting = { subscribers: 1_000_000, sample: 20_000, seed: 7, counts: [1, 4, 16] };
const run = (seed = setting.seed): Simulated => (simulate as (given: object) => Simulated)({ ...setting, seed });

describe('the simulation of cells', () => {
  test('says the same for the same seed, and something else for another', () => {
    expect(run()).toEqual(run());
    expect(run(8)).not.toEqual(run());
  });

  test('loses no subscriber and no work, wherever it is placed and moved', () => {
    const { subscribers, work, results } = run();
    expect(subscribers).toBeCloseTo(setting.subscribers, 3);
    expect(results).toHaveLength((placements as readonly string[]).length * setting.counts.length);
    for (const { balance, spread } of results) {
      expect(balance.sum / work).toBeCloseTo(1, 5);
      expect(spread.sum / work).toBeCloseTo(1, 5);
    }
  });

  test('has nothing across one cell, and more across cells the less is kept together', () => {
    const { results } = run();
    const ofTransfers = (placement: string, cells: number): number =>
      results.find((one) => one.placement === placement && one.cells === cells)!.transfersAcross;
    for (const placement of placements as readonly string[]) expect(ofTransfers(placement, 1)).toBe(0);
    expect(ofTransfers('party', 16)).toBeLessThan(ofTransfers('account', 16));
    expect(ofTransfers('account', 16)).toBeLessThan(ofTransfers('number', 16));
  });
});
