// @ts-check
/** Files of believable usages, of which some come again. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

/** How many lines are those of an earlier one, in the same file or another one. */
const duplicateShare = 0.2;
const chunkCharacters = 1_000_000;
const monthSeconds = 2_678_400;
const types = ['voice', 'data', 'sms'];

/** The same usage for the same number, about 400 bytes. @param {number} number */
function lineOf(number) {
  const type = types[number % types.length];
  const date = new Date(Date.UTC(2026, 9, 1) + ((number * 7_919) % monthSeconds) * 1_000).toISOString();
  const [from, to] = [number % 1_000_000, (number * 31) % 1_000_000].map(
    (subscriber) => `49171${String(subscriber).padStart(7, '0')}`,
  );
  return `{"externalId":"cdr-${number}","source":"switch-${number % 7}","usageDate":"${date}","usageType":"${type}","status":"received","usageSpecification":{"id":"spec-${type}","name":"Calls and sessions"},"usageCharacteristic":[{"name":"volume","value":${number % 5_000},"valueType":"integer"},{"name":"from","value":"${from}"},{"name":"to","value":"${to}"}],"relatedParty":[{"id":"customer-${number % 50_000}","role":"customer","@referredType":"Customer"}]}\n`;
}

/**
 * Writes the files; the same ones for the same numbers.
 * @param {string} folder @param {number} files @param {number} lines of all of them
 * @returns {Promise<{ paths: string[], names: number }>} and how many different usages they hold
 */
export async function writeFiles(folder, files, lines) {
  const paths = Array.from({ length: files }, (_, file) => join(folder, `usages-${file}.ndjson`));
  const streams = paths.map((path) => ({ stream: createWriteStream(path), text: '' }));
  let state = 1;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  let names = 0;
  for (let line = 0; line < lines; line++) {
    const number = names > 0 && random() < duplicateShare ? Math.floor(random() * names) : names++;
    const file = /** @type {{ stream: import('node:fs').WriteStream, text: string }} */ (
      streams[Math.floor(random() * files)]
    );
    file.text += lineOf(number);
    if (file.text.length < chunkCharacters) continue;
    const isRoom = file.stream.write(file.text);
    file.text = '';
    if (!isRoom) await once(file.stream, 'drain');
  }
  for (const { stream, text } of streams) {
    stream.end(text);
    await once(stream, 'finish');
  }
  return { paths, names };
}
