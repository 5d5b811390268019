import { operatorNames, operators, type OperatorDeclaration } from '../../src/platform/filter/operators.js';
import type { Json } from '../body/input.js';
import type { PageSizes } from '../query/paging.js';

/** What is the same for every resource, at the top of the page. */
export function overview({ pageSizes, isExplainOffered }: { pageSizes: PageSizes; isExplainOffered: boolean }): string {
  return `TMF REST by the rules of TMF630, over the same operations as GraphQL at \`/graphql\`.

**Conditions** are query parameters: a dotted attribute path, an operator, a value. All of them must hold.

| write | to find |
|---|---|
| \`status=active\` | equal |
| \`status=active,suspended\`, \`status=active&status=suspended\` | equal to any of them |
| \`status=active;priority=1\` | either condition |
| ${conditions('priority', 'range')}; or \`priority>1\` with the operator percent-encoded (\`%3E\`) | greater, less |
| ${conditions('status', 'equality')}, ${conditions('status', 'list')} | equal, not equal, any of them, none of them |
| ${conditions('name', 'text')} | text |
| ${conditions('name', 'presence')} | without a value; \`false\`: with one |
| \`relatedParty.id=42\` | with an element that has it |
| \`requestedDate.gte=2026-01-31\` | times: a date alone is midnight UTC |
| \`name="a,b"\` | quoted: the comma, encoded or not, is part of the value; \`\\"\` is a quote in it |
| \`extension.colour=red\` | attributes of an extension |

What cannot be filtered, sorted or selected is refused by its name, never ignored.

**Pages.** Without paging parameters a list answers 200 with up to ${pageSizes.pageSizeDefault} items and a \`next\` link when there are more; with them 206 when that is not all.

**Files.** \`Accept: text/csv\` or \`application/x-ndjson\` makes a list a file of all that match, with the same conditions, order and \`fields\`.

**Changes.** PATCH takes a merge patch (RFC 7396) or a JSON Patch (RFC 6902), whose paths may carry a query (TMF630 Part 5) or a JSONPath condition (Part 6). \`If-Match\` refuses to overwrite a newer version, \`Idempotency-Key\` makes a repetition safe. Attributes beyond the resource's own are kept when \`@schemaLocation\` or a subclass \`@type\` announces them.

**Refusals** have a TMF error as body. Any other method than those listed gets 405 with \`Allow\`; HEAD and OPTIONS work everywhere.${
    isExplainOffered
      ? '\n\n**Explain.** `explain=graphql` on any request answers the GraphQL operation it stands for.'
      : ''
  }`;
}

/** A condition on the attribute by each operator of the family, as a query string has it. */
function conditions(attribute: string, family: OperatorDeclaration['family']): string {
  return operatorNames
    .filter((name) => operators[name].family === family)
    .map((name) => `\`${attribute}.${name.toLowerCase()}=${operators[name].example}\``)
    .join(', ');
}

export const jsonPatchSchema: Json = {
  type: 'array',
  description: 'Operations of RFC 6902, done in order, all or none. A failing `test` is answered with 409.',
  items: {
    type: 'object',
    required: ['op', 'path'],
    properties: {
      op: { type: 'string', enum: ['add', 'remove', 'replace', 'move', 'copy', 'test'] },
      path: {
        type: 'string',
        description:
          "A JSON pointer; or one with a query in place of the index, done for each element that matches: `/relatedParty?relatedParty.id=42`; or `$.relatedParty[?(@.id=='42')].name`.",
      },
      from: { type: 'string', description: 'Of move and copy: the JSON pointer to take from.' },
      value: { description: 'Of add, replace and test.' },
    },
  },
};
