import { describe, expect, test } from '@jest/globals';
import { StatementNames } from '../../../src/platform/database/statement-names.js';

/** As many texts as have a name. */
const namesMax = 200;
const texts = (kind: string): string[] =>
  Array.from({ length: namesMax }, (_, number) => `SELECT '${kind}', ${number}`);

describe('names of prepared statements', () => {
  test('are the same for the same text, and of no other', () => {
    const names = new StatementNames(1_000);
    const given = texts('first').map((text) => names.of(text));
    expect(new Set(given).size).toBe(namesMax);
    expect(texts('first').map((text) => names.of(text))).toEqual(given);
  });

  test('are bounded: who comes later has none', () => {
    const names = new StatementNames(60_000);
    for (const text of texts('first')) names.of(text);
    expect(names.of('SELECT 1')).toBeUndefined();
    expect(names.of("SELECT 'first', 0")).toBe('read-1');
  });

  test('are given anew after a time, and never twice', () => {
    const names = new StatementNames(0);
    const before = texts('first').map((text) => names.of(text));
    const after = texts('second').map((text) => names.of(text));
    expect(new Set([...before, ...after]).size).toBe(2 * namesMax);
  });

  test('are not given at all where they are off', () => {
    expect(new StatementNames(60_000, 'read', false).of('SELECT 1')).toBeUndefined();
  });
});
