import { DomainError } from '../../platform/errors.js';
import { CSV_COLUMNS_MAX, CSV_ROW_CELLS_MAX } from '../limits.js';

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
  let max = CSV_COLUMNS_MAX;
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
        if (!isEmpty) max = CSV_ROW_CELLS_MAX;
        cells = 1;
        continue;
      } else if (byte === comma && !isQuoted && ++cells > max) {
        const what =
          max === CSV_COLUMNS_MAX
            ? `header has too many columns: the limit CSV_COLUMNS_MAX`
            : `row has too many cells: the limit CSV_ROW_CELLS_MAX`;
        throw new DomainError('INVALID_BODY', `line ${line}: the ${what} is ${max}`);
      }
      if (byte !== carriageReturn) isEmpty = false;
    }
    yield bytes;
  }
}
