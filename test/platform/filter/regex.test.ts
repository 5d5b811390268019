import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';
import { DomainError } from '../../../src/platform/errors.js';
import { parseRegex } from '../../../src/platform/filter/regex/regex.js';
import { seed } from '../../support/seed.js';
import { openThings } from './databases.js';
import { proofSize } from '../../support/proof.js';

const runs = proofSize('RUNS', { short: 200, long: 2_000 });

describe('regular expressions', () => {
  test.each([
    ['rated', 'is rated now', true],
    ['^rated', 'is rated now', false],
    ['rated$', 'rated\n', false],
    ['^$', '', true],
    ['a.c', 'a\nc', true],
    ['^a.c$', 'a\u{1F600}c', true],
    ['^[^a]$', '\u{1F600}', true],
    ['^[\\d.,-]+$', '1.5,-', true],
    ['^\\d$', '٣', false],
    ['^\\w+$', 'é', false],
    ['\\s', '\u00A0', false],
    ['^\\W\\D\\S$', 'éa!', true],
    ['^[^\\D5]$', '4', true],
    ['^[^\\D5]$', '5', false],
    ['^[\\W5]+$', '5-5', true],
    ['^(?:ab|a)(c|bcd)$', 'abcd', true],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{2,}$', 'aaaa', true],
    ['^a{0}b$', 'b', true],
    ['a|', 'x', true],
    ['', 'x', true],
    ['\\{\\}\\]\\[', '{}][', true],
    ['^[]-a]', ']', undefined],
    ['^[a-]$', '-', true],
    ['^[\\]^]+$', '^]', true],
    ['A', 'a', false],
    ['\\t\\n', '\t\n', true],
    ['/\\/', '//', true],
  ])('%j on %j is %j', (pattern, text, expected) => {
    if (expected === undefined) expect(() => parseRegex(pattern, 'name')).toThrow(DomainError);
    else expect(parseRegex(pattern, 'name').test(text)).toBe(expected);
  });

  test.each([
    ['(?=a)', 'lookaround'],
    ['(?<!a)', 'lookaround'],
    ['(?<n>a)', 'lookaround'],
    ['(?i)a', 'lookaround'],
    ['(a)\\1', "escape '\\1'"],
    ['\\bword', "escape '\\b'"],
    ['\\u0041', "escape '\\u'"],
    ['\\p{L}', "escape '\\p'"],
    ['\\yword', "escape '\\y'"],
    ['\\Aword', "escape '\\A'"],
    ['(a+)+', 'unbounded quantifier within another'],
    ['((a*)b)*', 'unbounded quantifier within another'],
    ['(?:a+b?){2,}', 'unbounded quantifier within another'],
    ['a**', 'quantifier after a quantifier'],
    ['a+?', 'quantifier after a quantifier'],
    ['a{1}{2}', 'quantifier after a quantifier'],
    ['*a', 'nothing to repeat'],
    ['***:a', 'nothing to repeat'],
    ['a|+', 'nothing to repeat'],
    ['^*', 'quantified anchor'],
    ['(a$)?', 'quantified anchor'],
    ['a{', 'no quantifier'],
    ['a{,3}', 'no quantifier'],
    ['a{3,1}', 'quantifier {3,1}'],
    ['{', "unescaped '{'"],
    ['}', "unescaped '}'"],
    [']', "unescaped ']'"],
    ['(a', 'not closed'],
    ['a)', 'unmatched'],
    ['[a', 'not closed'],
    ['[]', 'empty bracket'],
    ['[[:alpha:]]', "unescaped '['"],
    ['[z-a]', 'range'],
    ['[\\d-z]', 'range'],
    ['a\\', 'escape'],
    ['\\é', 'escape'],
    ['a{101}', 'REGEX_REPEAT_MAX'],
    ['a'.repeat(257), 'REGEX_LENGTH_MAX'],
    ['(?:a{1,100}){1,100}', 'REGEX_STATES_MAX'],
    [`${'('.repeat(11)}a${')'.repeat(11)}`, 'REGEX_DEPTH_MAX'],
  ])('refuses %j', (pattern, message) => {
    expect(() => parseRegex(pattern, 'note.text')).toThrow(
      expect.objectContaining({
        code: 'INVALID_QUERY',
        message: expect.stringContaining(message),
        details: { path: 'note.text' },
      }),
    );
  });

  test('matching takes time in proportion to the text whatever the expression', () => {
    const text = 'a'.repeat(20_000);
    for (const pattern of ['(?:a|a)*b', '(?:a|aa)*b', '.*.*.*.*.*x', '(?:a?){50}a{50}b', 'a*a*a*a*a*b']) {
      expect(parseRegex(pattern, 'name').test(text)).toBe(false);
    }
  });
});

/** Expressions as people might write them, many of them refused. */
const atom = fc.constantFrom(
  'a',
  'b',
  'ä',
  '\u{1F600}',
  '.',
  '\\d',
  '\\W',
  '\\S',
  '[ab]',
  '[^a]',
  '[a-c\\d]',
  '[\\D]',
  '[^\\W_]',
  '\\.',
  '-',
  ' ',
  '1',
  '\\n',
  '%',
  '\uFFFD',
  '[\u{10000}-\u{10FFFF}]',
  '\\\\',
  '"',
);
const expression = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    atom,
    fc.constantFrom('^', '$', ''),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}|${b}`),
    fc
      .tuple(
        fc.constantFrom('(', '(?:'),
        tie('node'),
        fc.constantFrom('', '*', '+', '?', '{2}', '{0,2}', '{1,}', '{0}'),
      )
      .map(([open, body, quantifier]) => `${open}${body})${quantifier}`),
    fc
      .tuple(atom, fc.constantFrom('*', '+', '?', '{2}', '{0,3}', '{1,}'))
      .map(([body, quantifier]) => body + quantifier),
  ),
})).node;
const texts = fc.array(
  fc
    .array(
      fc.constantFrom(
        'a',
        'b',
        'c',
        'A',
        'ä',
        '\u{1F600}',
        '1',
        '\n',
        ' ',
        '\u00A0',
        '.',
        '-',
        '_',
        '%',
        '\\',
        '"',
        '\uFFFD',
        '٣',
        '\r',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
  { minLength: 20, maxLength: 20 },
);

describe('regular expressions in the database', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openThings();
  });
  afterAll(() => database.close());

  test('match the same texts as in memory and as JavaScript does', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(expression, texts, async (pattern, values) => {
        const regex = accept(pattern);
        if (regex === undefined) return;
        accepted += 1;
        const rows = await database.query<{ found: boolean }>(Prisma.sql`
          SELECT text COLLATE "C" ~ ${regex.pattern}::text AS found FROM jsonb_array_elements_text(${JSON.stringify(values)}::jsonb) WITH ORDINALITY AS t(text, position) ORDER BY position`);
        const found = values.map((value) => regex.test(value));
        expect(rows.map((row) => row.found)).toEqual(found);
        const own = javaScript(regex.pattern);
        expect(values.map((value) => own.test(value))).toEqual(found);
      }),
      { seed, numRuns: runs },
    );
    expect(accepted).toBeGreaterThan(runs / 3);
  });

  test('do not tire the database at their bounds', async () => {
    for (const pattern of [
      '(?:(?:a{1,5}){1,5}){1,10}b',
      '(?:a?b?c?){60}d',
      '(?:a|b|(?:c|d){1,5}){10}x',
      '(?:a?){99}a{99}',
      '.*a'.repeat(80),
      'a.{100}.{100}.{100}c',
      `a${'(?:b|'.repeat(9)}c*${')'.repeat(9)}d`,
    ]) {
      const { pattern: accepted } = parseRegex(pattern, 'name');
      const text = 'ab'.repeat(2000);
      await database.query(Prisma.sql`SELECT ${text}::text COLLATE "C" ~ ${accepted}::text AS found`);
    }
  });
});

function accept(pattern: string): ReturnType<typeof parseRegex> | undefined {
  try {
    return parseRegex(pattern, 'name');
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    return undefined;
  }
}

/** The written pattern means the same to JavaScript once its code points are in JavaScript's spelling. */
function javaScript(pattern: string): RegExp {
  return new RegExp(
    pattern.replaceAll(
      /\\U([0-9a-f]{8})/g,
      (_all, digits: string) => `\\u{${Number.parseInt(digits, 16).toString(16)}}`,
    ),
    'su',
  );
}
