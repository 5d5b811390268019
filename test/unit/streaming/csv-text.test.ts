import { describe, expect, it } from '@jest/globals';
import { csvText } from '../../../src/streaming/csv/csv-text.js';

describe('csvText', () => {
  it.each([
    ['plain cells', [['id', '12', '']], 'id,12,\r\n'],
    [
      'commas, quotes and line ends',
      [['a,b', 'say "x"', 'two\r\nlines', 'cr\ronly']],
      '"a,b","say ""x""","two\r\nlines","cr\ronly"\r\n',
    ],
    [
      'spaces at an end, which some readers trim',
      [[' a', 'b ', '\tc', 'd\u00a0', 'e f']],
      '" a","b ","\tc","d\u00a0",e f\r\n',
    ],
    ['text like a formula, which is data', [['=1+1', '+1', '-1', '@x', "'x"]], "=1+1,+1,-1,@x,'x\r\n"],
    [
      'records',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      'a,b\r\nc,d\r\n',
    ],
    ['a record of one empty cell, which readers would skip', [['a'], [''], ['b']], 'a\r\n""\r\nb\r\n'],
    ['a record of empty cells', [['', '']], ',\r\n'],
    ['no records', [], ''],
  ])('writes %s', (_what, records, text) => expect(csvText(records)).toBe(text));
});
