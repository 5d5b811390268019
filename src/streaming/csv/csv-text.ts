import { stringify } from 'csv-stringify/sync';

/** Cells that must be quoted, so that every reader of RFC 4180 gets them back as they are; some readers trim spaces. */
const quoted = /[",\r\n]|^\s|\s$/;

/** Records as RFC 4180 has them: commas, CRLF behind each record, quotes only where a cell needs them. */
export function csvText(records: readonly (readonly string[])[]): string {
  // A record that is nothing but an empty cell would be an empty line, which readers skip.
  const isBare = records[0]?.length === 1;
  return stringify([...records], { record_delimiter: '\r\n', quoted_match: [quoted], quoted_empty: isBare });
}
