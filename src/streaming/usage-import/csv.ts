import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { DomainError } from '../../platform/errors.js';
import { isStorable } from '../../platform/storable-text.js';
import { readHeader, type CsvColumns, type CsvRow } from './csv-columns.js';
import { withFewCells } from './csv-cells.js';
import { FILE_LINE_BYTES_MAX } from '../limits.js';
import { textOf, withoutMark, type FileRecord, type Position } from './records.js';

const lineFeed = '\n';
const crlf = '\r\n';

/** Messages for the faults of the parser: its own name bytes, and count lines otherwise. */
const faults: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
  INVALID_OPENING_QUOTE: 'a quote stands in a cell that does not begin with one',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote has more of its cell behind it',
  CSV_MAX_RECORD_SIZE: `the row has too many bytes: the limit FILE_LINE_BYTES_MAX is ${FILE_LINE_BYTES_MAX}`,
};

interface Row {
  /** Where it begins, and where it ends. */
  line: number;
  lastLine: number;
  cells: Buffer[];
}

/** The rows of CSV as RFC 4180 has it: commas, quotes where they are needed, a header row of dotted TMF paths. */
export async function* csvRecords(
  content: AsyncIterable<Buffer>,
  columns: CsvColumns,
  position: Position,
): AsyncGenerator<FileRecord> {
  let countedTwice = 0;
  let parsed = 0;
  const parser = parse({
    // Cells stay bytes, so that a wrong encoding is found where it is.
    encoding: null,
    record_delimiter: [crlf, lineFeed],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: FILE_LINE_BYTES_MAX,
    on_record: (record, { lines }) => {
      const cells = record as unknown as Buffer[];
      // The parser counts both characters of a CRLF between quotes.
      countedTwice += countIn(cells, crlf);
      parsed = lines - countedTwice;
      const row: Row = { line: parsed - countIn(cells, lineFeed), lastLine: parsed, cells };
      // The types know rows of text only.
      return row as unknown as string[];
    },
  });
  // What goes wrong with the content reaches the reader of the records.
  pipeline(Readable.from(withFewCells(withoutMark(content))), parser, () => undefined);
  let toUsage: ReturnType<typeof readHeader> | undefined;
  // It says what the cells mean: under another one they are another file. It goes with the first row.
  let headerText = '';
  try {
    for await (const { line, lastLine, cells } of parser as AsyncIterable<Row>) {
      position.line = lastLine;
      if (toUsage === undefined) {
        toUsage = headerOf(cells, columns);
        headerText = cellsText(cells);
      } else {
        yield toRecord(line, headerText + cellsText(cells), cells, toUsage);
        headerText = '';
      }
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw new DomainError(
        'INVALID_BODY',
        `line ${parsed + 1}: the CSV cannot be read: ${faults[error.code] ?? 'it is not as RFC 4180 has it'}`,
      );
    throw error;
  }
  if (toUsage === undefined) throw new DomainError('INVALID_BODY', 'line 1: a CSV file begins with a header row');
}

function countIn(cells: readonly Buffer[], text: string): number {
  let count = 0;
  for (const cell of cells) {
    for (let at = cell.indexOf(text); at >= 0; at = cell.indexOf(text, at + text.length)) count++;
  }
  return count;
}

function headerOf(record: readonly Buffer[], columns: CsvColumns): ReturnType<typeof readHeader> {
  try {
    return readHeader(record.map(textOf), columns);
  } catch (error) {
    if (error instanceof DomainError) throw new DomainError(error.code, `line 1: ${error.message}`, error.details);
    throw error;
  }
}

function cellsText(cells: readonly Buffer[]): string {
  return JSON.stringify(cells.map((cell) => cell.toString('latin1')));
}

function toRecord(line: number, text: string, cells: readonly Buffer[], toUsage: (row: CsvRow) => unknown): FileRecord {
  const read = (): unknown =>
    toUsage(
      cells.map((cell) => {
        const text = textOf(cell);
        if (!isStorable(text)) throw new DomainError('INVALID_BODY', 'contains a NUL');
        return text;
      }),
    );
  return { line, text, read };
}
