import { expect, it } from '@jest/globals';
import { PATCH_OPERATIONS_MAX } from '../../../rest-compat/limits.js';
import { readOperations } from '../../../rest-compat/patch/json-patch.js';
import { isSameJson } from '../../../rest-compat/patch/same-json.js';

it('takes as many operations as the limit says', () => {
  const operations = (count: number): object[] => Array<object>(count).fill({ op: 'remove', path: '/name' });
  expect(readOperations(operations(PATCH_OPERATIONS_MAX))).toHaveLength(PATCH_OPERATIONS_MAX);
  expect(() => readOperations(operations(PATCH_OPERATIONS_MAX + 1))).toThrow('PATCH_OPERATIONS_MAX');
});

it.each([
  [[], [], true],
  [[], [1], false],
  [[1], [], false],
  [[1], [1, 2], false],
  [{}, { a: 1 }, false],
  [{ a: 1 }, {}, false],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
])('compares %j with %j: %p', (one, other, expected) => {
  expect(isSameJson(one, other)).toBe(expected);
});
