import { describe, expect, it } from '@jest/globals';
import { parseValue } from 'graphql';
import { filterPoints, inputPoints } from '../../../graphql/cost/values.js';
import { weights } from '../../../graphql/cost/weights.js';

// What is too much costs no time: counting ends with the first part above the maximum.

const { condition, value, regexState, input } = weights;

describe('the points of a filter', () => {
  const ofVariable = (filter: unknown, max: number): number => filterPoints(parseValue('$filter'), { filter }, max);
  const conditions = Array.from({ length: 1_000 }, () => ({}));

  it('are those of its conditions, values and expressions', () => {
    const filter = { and: [{ name: { eq: 'a' } }, { name: { in: ['a', 'b'] } }, { name: { regex: 'abc' } }] };
    // Objects and lists, what is compared, the values in the list, and the states of the expression: its characters and its end.
    const expected = (1 + 1 + 3 + 3 + 1 + 2) * condition + 2 * value + 4 * regexState;
    expect(ofVariable(filter, 1_000_000)).toBe(expected);
    const literal = '{ and: [{ name: { eq: "a" } }, { name: { in: ["a", "b"] } }, { name: { regex: "abc" } }] }';
    expect(filterPoints(parseValue(literal), {}, 1_000_000)).toBe(expected);
  });

  it.each([
    ['a variable', (max: number) => ofVariable(conditions, max)],
    ['a literal', (max: number) => filterPoints(parseValue(`[${'{}'.repeat(1_000)}]`), {}, max)],
    ['a variable for each', (max: number) => filterPoints(parseValue(`[${'$one '.repeat(1_000)}]`), { one: {} }, max)],
  ])('are counted no further than above the maximum: %s', (_what, points) => {
    expect([points(9 * condition), points(10 * condition), points(1_001 * condition)]).toEqual([
      10 * condition,
      11 * condition,
      1_001 * condition,
    ]);
  });
});

it('counts the values of variables no further than above the maximum', () => {
  const values = Array.from({ length: 1_000 }, () => 1);
  expect([inputPoints(values, 9 * input), inputPoints(values, 10 * input), inputPoints(values, 2_000 * input)]).toEqual(
    [10 * input, 11 * input, 1_001 * input],
  );
});
