import { registerEnumType } from 'type-graphql';

/** A closed set of words, each standing for itself: what is stored, compared and written is the word. */
export type EnumType = Readonly<Record<string, string>>;

interface Facts {
  readonly name: string;
  readonly words: readonly string[];
}

const known = new Map<unknown, Facts>();

/**
 * A GraphQL enum whose values are spelled as TMF spells the words. A value is a GraphQL name, so a word that is none, or is `true`,
 * `false` or `null`, is refused here: such a word needs a value of its own and a mapping, which none of TMF's has needed yet.
 * @param words where the domain knows them; each has its meaning
 */
export function enumOf(
  name: string,
  description: string,
  words: readonly string[],
  meanings: Readonly<Record<string, string>>,
): EnumType {
  const strange = [...words, ...Object.keys(meanings)].filter(
    (word) => !words.includes(word) || !Object.hasOwn(meanings, word) || !isEnumValue(word),
  );
  if (strange.length > 0)
    throw new Error(`${name} has words without a meaning, or none that is a name: ${strange.join()}`);
  const type = Object.fromEntries(words.map((word) => [word, word]));
  registerEnumType(type, {
    name,
    description,
    valuesConfig: Object.fromEntries(words.map((word) => [word, { description: meanings[word] ?? '' }])),
  });
  known.set(type, { name, words });
  return type;
}

/** Name and words of an enum that `enumOf` has made; undefined for any other type. */
export function enumFacts(type: unknown): Facts | undefined {
  return known.get(type);
}

function isEnumValue(word: string): boolean {
  return /^(?!__)[A-Za-z_]\w*$/.test(word) && !['true', 'false', 'null'].includes(word);
}
