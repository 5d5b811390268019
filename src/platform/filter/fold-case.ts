// Letters of either case, by a table of ours: databases differ in what they call a lower-case letter, and the same
// condition must find the same in SQL, in memory and in an index.

/** Blocks in which capitals have a small letter each: Latin, Greek, Cyrillic, Armenian. */
const blocks = [
  [0x00c0, 0x024f],
  [0x0370, 0x052f],
  [0x0531, 0x0556],
  [0x1e00, 0x1eff],
] as const;

/** Capitals beyond ASCII, and the small letter of each at its place; the SQL function foldCase has the same. */
export const folded: { readonly capitals: string; readonly small: string } = tableOf();

function tableOf(): { capitals: string; small: string } {
  // A sigma at the end of a word is a sigma.
  const pairs: [string, string][] = [['ς', 'σ']];
  for (const [first, last] of blocks) {
    for (let point = first; point <= last; point++) {
      const capital = String.fromCharCode(point);
      const small = capital.toLowerCase();
      if (small !== capital && small.length === 1) pairs.push([capital, small]);
    }
  }
  return { capitals: pairs.map(([capital]) => capital).join(''), small: pairs.map(([, small]) => small).join('') };
}

const smallOf: ReadonlyMap<string, string> = new Map(
  Array.from(folded.capitals, (capital, index) => [capital, folded.small[index] as string]),
);

/** The text with small letters for capitals: two texts are the same but for case when their folded forms are the same. */
export function foldCase(text: string): string {
  return text
    .replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase())
    .replaceAll(/[^\0-\x7f]/g, (character) => smallOf.get(character) ?? character);
}

/** Stands twice before a text whose grams are taken, so that its beginning has grams of its own. */
const mark = '\u0002';
const gramLength = 3;
/** Grams that a condition asks for; more would not find fewer rows. */
const gramsMax = 32;

/** Runs of three characters that every text has, but for case, that contains this one: those of the SQL function searchGrams. */
export function gramsWithin(text: string): string[] {
  return gramsOf(foldCase(text));
}

/** The same of every text that starts with this one. */
export function gramsAtStart(text: string): string[] {
  return text === '' ? [] : gramsOf(mark + mark + foldCase(text));
}

function gramsOf(text: string): string[] {
  const characters = Array.from(text).slice(0, gramsMax + gramLength - 1);
  const grams = characters
    .slice(gramLength - 1)
    .map((_, index) => characters.slice(index, index + gramLength).join(''));
  return [...new Set(grams)];
}
