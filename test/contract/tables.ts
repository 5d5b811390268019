/** The tables of the documents that follow from tables of the code. */
import { errorCatalogue } from '../../src/app/errors.js';
import { eventCatalogue } from '../../src/domain/events.js';
import { settingsTable } from '../../src/platform/settings.js';

const begin = (name: string): string => `<!-- ${name}: written by npm run contract -->`;
const end = '<!-- end -->';

/** The rows of one table of a document, in Markdown. */
interface Table {
  name: string;
  rows: readonly string[];
}

/** The tables by the path of their document. */
export function documentTables(): Map<string, Table> {
  return new Map([
    ['docs/errors.md', { name: 'errors', rows: errorRows() }],
    ['docs/events.md', { name: 'events', rows: eventRows() }],
    ['docs/configuration.md', { name: 'settings', rows: settingsTable() }],
  ]);
}

/** The document with these rows instead of those it has; throws when it has no such table. */
export function withTable(text: string, { name, rows }: Table): string {
  const [before, behind] = [text.indexOf(begin(name)), text.indexOf(end)];
  if (before < 0 || behind < 0) throw new Error(`there is no table between '${begin(name)}' and '${end}'`);
  const heading = text.slice(before).split('\n').slice(0, 4).join('\n');
  return `${text.slice(0, before)}${heading}\n${rows.join('\n')}\n\n${text.slice(behind)}`;
}

function errorRows(): string[] {
  return [...errorCatalogue]
    .sort((a, b) => a.status - b.status)
    .map(({ code, status, tmfCode, description }) => `| \`${code}\` | ${status} | ${tmfCode} | ${description} |`);
}

function eventRows(): string[] {
  return Object.entries(eventCatalogue).map(
    ([resource, names]) => `| ${resource} | ${names.map((name) => `\`${name}\``).join(', ')} |`,
  );
}
