import { isUtf8 } from 'node:buffer';
import { DomainError } from '../../platform/errors.js';
import { parseJson } from '../../platform/json.js';
import { FILE_LINE_BYTES_MAX } from '../limits.js';

/** One usage of a file, not looked at yet. */
export interface FileRecord {
  /** Counted from 1, as an editor does. */
  line: number;
  /** Equal for the same line of two files. */
  text: string;
  /** The usage as JSON. Throws DomainError when the line is none. */
  read(): unknown;
}

/** How far a file has been read, for messages. */
export interface Position {
  /** The last line that came whole. */
  line: number;
}

const newline = 0x0a;
const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);
const utf16Marks = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];

/**
 * The content without its byte order mark. A file in UTF-16 would be refused line by line: it is refused at once, by
 * its mark, or by the NUL that every other byte of it is.
 */
export async function* withoutMark(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const bytes of content) {
    if (start === undefined) {
      yield bytes;
      continue;
    }
    start = start.length === 0 ? bytes : Buffer.concat([start, bytes]);
    if (start.length < utf8Mark.length) continue;
    yield afterMark(start);
    start = undefined;
  }
  if (start !== undefined && start.length > 0) yield afterMark(start);
}

function afterMark(start: Buffer): Buffer {
  const isUtf16 =
    utf16Marks.some((mark) => start.subarray(0, mark.length).equals(mark)) || (start[0] === 0) !== (start[1] === 0);
  if (isUtf16) throw new DomainError('INVALID_BODY', 'line 1: the file is UTF-16, not UTF-8');
  return start.subarray(0, utf8Mark.length).equals(utf8Mark) ? start.subarray(utf8Mark.length) : start;
}

/** Text of bytes from outside. Throws DomainError when they are not UTF-8. */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new DomainError('INVALID_BODY', 'is not UTF-8 text');
  return bytes.toString('utf8');
}

/** The lines of NDJSON. Of a line that is too long no more is kept than that it was. */
export async function* ndjsonRecords(content: AsyncIterable<Buffer>, position: Position): AsyncGenerator<FileRecord> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = (part: Buffer): void => {
    length += part.length;
    if (length <= FILE_LINE_BYTES_MAX) parts.push(part);
    else parts = [];
  };
  const end = (): FileRecord | undefined => {
    position.line++;
    const record = length === 0 ? undefined : toRecord(position.line, length, parts);
    parts = [];
    length = 0;
    return record;
  };
  for await (const chunk of withoutMark(content)) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      if (at > from) take(chunk.subarray(from, at));
      from = at + 1;
      const record = end();
      if (record) yield record;
    }
    if (from < chunk.length) take(chunk.subarray(from));
  }
  const last = length > 0 ? end() : undefined;
  if (last) yield last;
}

/** Undefined for a line of nothing but white space. */
function toRecord(line: number, length: number, parts: readonly Buffer[]): FileRecord | undefined {
  if (length > FILE_LINE_BYTES_MAX) return { line, text: `${length} bytes`, read: () => refuseLong(length) };
  const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  const text = bytes.toString('utf8').trim();
  if (text === '') return undefined;
  const isText = isUtf8(bytes);
  const read = (): unknown => {
    if (!isText) throw new DomainError('INVALID_BODY', 'the line is not UTF-8 text');
    return parseJson(text);
  };
  return { line, text, read };
}

function refuseLong(length: number): never {
  throw new DomainError(
    'BODY_TOO_LARGE',
    `the line has ${length} bytes: the limit FILE_LINE_BYTES_MAX is ${FILE_LINE_BYTES_MAX}`,
  );
}
