import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { nameless, places } from '../../src/domain/personal-data/places.js';

const folder = 'prisma/schema';
const schema = readdirSync(folder)
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

/** Columns by their models: [Bucket.relatedParty, Json?]. */
const columns = new Map<string, string | undefined>(
  [...schema.matchAll(/^model (\w+) \{\n(.*?)^\}/gms)].flatMap(([, model, body = '']) =>
    [...body.matchAll(/^ {2}(\w+)\s+(\w+)/gm)].map(([, name, type]) => [`${model}.${name}`, type] as const),
  ),
);

it('every column of JSON is a place where people are named, or one where they are not, for a reason', () => {
  const known = new Set([
    ...places.flatMap(({ table, json }) => json.map((name) => `${table}.${name}`)),
    ...Object.keys(nameless),
  ]);
  const json = [...columns].filter(([, type]) => type === 'Json').map(([name]) => name);
  expect(json.filter((name) => !known.has(name))).toEqual([]);
  expect([...known].filter((name) => !json.includes(name))).toEqual([]);
});

it('every other column that is named there is a text', () => {
  const texts = places.flatMap(({ table, jsonText = [], texts = [] }) =>
    [...jsonText, ...texts].map((name) => `${table}.${name}`),
  );
  expect(texts.filter((name) => columns.get(name) !== 'String')).toEqual([]);
});
