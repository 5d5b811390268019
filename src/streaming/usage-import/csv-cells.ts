import { DomainError } from '../../platform/errors.js';
import { columnsMax } from '../csv/csv-text.js';

/** Cells of a row: a row with some too many is refused alone, a row with this many ends the file. */
const cellsMax = 10 * columnsMax;

const comma = 0x2c;
const quote = 0x22;
const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * The content, up to the row that has more cells than any file has columns: the parser would make each of them before
 * anybody could count. Commas and line ends between quotes are text.
 */
export async function* withFewCells(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let cells = 1;
  let max = columnsMax;
  let line = 1;
  let isEmpty = true;
  let isQuoted = false;
  for await (const bytes of content) {
    for (const byte of bytes) {
      if (byte === quote) isQuoted = !isQuoted;
      else if (byte === newline) {
        line++;
        if (isQuoted) continue;
        // Behind the header, which may have empty lines before it.
        if (!isEmpty) max = cellsMax;
        cells = 1;
        continue;
      } else if (byte === comma && !isQuoted && ++cells > max) {
        const what = max === columnsMax ? 'header has more columns' : 'row has more cells';
        throw new DomainError('INVALID_BODY', `line ${line}: the ${what} than the limit of ${max}`);
      }
      if (byte !== carriageReturn) isEmpty = false;
    }
    yield bytes;
  }
}
