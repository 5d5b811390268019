/** The tables of the documents that follow from tables of the code. */
import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { ownedByNobody, ownedResources, ownershipOf } from '../../graphql/rights/ownership.js';
import { policyTermsOf } from '../../src/app/rights/load-policy.js';
import { defaultPolicy } from '../../src/app/rights/default-policy.js';
import type { OwnerPath } from '../../src/platform/rights/ownership.js';
import { readPolicy } from '../../src/platform/rights/policy.js';
import { Policies } from '../../src/platform/rights/rights.js';
import { errorCatalogue } from '../../src/app/errors.js';
import { eventCatalogue } from '../../src/domain/events.js';
import { settingsTable } from '../../src/platform/settings.js';

const begin = (name: string): string => `<!-- ${name}: written by npm run contract -->`;
const end = '<!-- end -->';

/** The rows of one table of a document, in Markdown. */
interface Table {
  /** The document. */
  path: string;
  name: string;
  rows: readonly string[];
}

export function documentTables(): Table[] {
  return [
    { path: 'docs/errors.md', name: 'errors', rows: errorRows() },
    { path: 'docs/events.md', name: 'events', rows: eventRows() },
    { path: 'docs/configuration.md', name: 'settings', rows: settingsTable() },
    { path: 'docs/rights.md', name: 'owners', rows: ownerRows() },
    { path: 'docs/rights.md', name: 'rights', rows: rightRows() },
  ];
}

/** The document with these rows instead of those it has; throws when it has no such table. */
export function withTable(text: string, { name, rows }: Table): string {
  const [before, behind] = [text.indexOf(begin(name)), text.indexOf(end, text.indexOf(begin(name)))];
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

/** How rows of each resource name their owners. */
function ownerRows(): string[] {
  const parent = (name: string): { name: string } => ({ name });
  const rows = ownedResources.map((resource) => {
    const { paths, below = [] } = ownershipOf(resource, parent as never) ?? { paths: [] };
    const parts = [
      ...paths.map(({ path, of, form }) => `${path.join('.')}: ${ownerWords[form]} (${of})`),
      ...below.map((one) => {
        const isOfAll = 'isOfAll' in one && one.isOfAll;
        return `${isOfAll ? 'what sums up own' : 'what lies below an own'} ${one.parent().name}${isOfAll ? 's only' : ''}`;
      }),
    ];
    return `| ${resource} | ${parts.join('; ')} |`;
  });
  return [...rows, ...[...ownedByNobody].map((resource) => `| ${resource} | nobody's own |`)];
}

const ownerWords: Readonly<Record<OwnerPath['form'], string>> = {
  reference: 'by its id',
  party: 'by a party with an owning role',
  parties: 'by a party with an owning role',
  accountsAmongParties: 'by a party whose @referredType is BillingAccount',
  values: 'by a value or id among them',
  itself: 'by its own id',
};

/** What the built-in roles may do. */
function rightRows(): string[] {
  const terms = policyTermsOf(buildSchema(readFileSync('schema.graphql', 'utf8')));
  const policies = new Policies(readPolicy(defaultPolicy, terms));
  return [...terms.operations].sort().map((operation) => {
    const cells = Object.keys(defaultPolicy.roles).map((role) => {
      const granted = policies.rightsOf([role]).grantOf(operation);
      return granted ? `${granted.rows}${granted.bounds ? ', bounded' : ''}` : '';
    });
    return `| \`${operation}\` | ${cells.join(' | ')} |`;
  });
}
