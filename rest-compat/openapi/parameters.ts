import { getNamedType, isNonNullType, isObjectType, type GraphQLObjectType } from 'graphql';
import { wireOf } from '../../graphql/naming.js';
import { OFFSET_MAX } from '../../src/platform/limits.js';
import { DEPTH_MAX } from '../limits.js';
import type { Json } from '../body/input.js';
import { extensionAttribute } from '../../src/platform/json.js';
import { demoValues } from '../apis/demo-values.js';
import { scalarSchema, valueOf } from './schemas.js';
import { editionHeader } from '../edition.js';
import type { PageSizes } from '../query/paging.js';
import { servedBy } from './served.js';
import { attributeFields, targetType, type ResourceModel } from '../resource-model.js';

// Each parameter has an example that works, beside all others and with the demo data. None has a default.

/** A cursor in the order of ids, before the first of them. */
const firstCursor = Buffer.from(JSON.stringify(['0'])).toString('base64url');

/** Parameters that mean the same for every resource. */
export function commonParameters(facts: {
  pageSizes: PageSizes;
  fieldsAddIdentity: boolean;
  isExplainOffered: boolean;
  editions: readonly string[];
}): Record<string, Json> {
  const identity = facts.fieldsAddIdentity
    ? 'id and href are always there'
    : 'nothing else is answered, not even id and href';
  return {
    fields: withExample(
      'id',
      query(
        'fields',
        `Attributes to answer, separated by commas: first level or deeper with dots (\`relatedParty.id\`); ${identity}. \`none\` is id and href. Absent: everything.`,
      ),
    ),
    offset: withExample(
      0,
      query('offset', `Items to skip, at most ${OFFSET_MAX}; further on, use after.`, {
        type: 'integer',
        minimum: 0,
        maximum: OFFSET_MAX,
      }),
    ),
    limit: withExample(
      10,
      query('limit', `Items to answer at most; ${facts.pageSizes.pageSizeDefault} when not given.`, {
        type: 'integer',
        minimum: 0,
        maximum: facts.pageSizes.pageSizeMax,
      }),
    ),
    after: withExample(
      firstCursor,
      query(
        'after',
        'Our extension: go on behind this cursor, which the `next` link gives. Cheap however far; instead of offset.',
      ),
    ),
    filter: withExample(
      "$[?(@.id!='0')]",
      query(
        'filter',
        "JSONPath of TMF630 Part 6, ANDed with the other conditions: `$[?(@.status=='active' && @.priority>1)]`, or, of one and the same list element, `$.relatedParty[?(@.id=='42' && @.role=='customer')]`.",
      ),
    ),
    depth: withExample(
      1,
      query('depth', 'Levels of references to resources of this server to answer with the resources themselves.', {
        type: 'integer',
        minimum: 0,
        maximum: DEPTH_MAX,
      }),
    ),
    ...(facts.isExplainOffered && {
      explain: withExample(
        'graphql',
        query(
          'explain',
          'Instead of doing anything, answer 200 with the GraphQL operation that the request stands for, its variables and a link to try it in Apollo Sandbox.',
          {
            type: 'string',
            enum: ['graphql'],
          },
        ),
      ),
    }),
    ...(facts.editions.length > 0 && {
      [editionHeader]: {
        ...header(
          editionHeader,
          'Edition of the answer: where editions differ an attribute is a list in one and a single object, the first of the list, in the other. Absent: as the server is configured.',
        ),
        schema: { type: 'string', enum: facts.editions },
        example: facts.editions[0],
      },
    }),
    Range: withExample(
      'items=1-10',
      header(
        'Range',
        'TMF630 paging by header, counted from 1: `items=11-20`. Counts only without offset, limit and after.',
      ),
    ),
    Prefer: withExample(
      'count=none',
      header(
        'Prefer',
        '`count=exact` counts all that match, as long as a report may take; `count=none` counts nothing, and the answer has neither X-Total-Count nor a link to the last page.',
      ),
    ),
    'If-Match': withExample(
      '*',
      header(
        'If-Match',
        'ETag of the version to change or delete; when there is a newer one the answer is 412. Only the revision counts, the hash behind it does not. Absent: whatever version there is.',
      ),
    ),
    'If-None-Match': withExample(
      '"0"',
      header('If-None-Match', 'ETag of the answer the client has; when that is still it the answer is 304.'),
    ),
  };
}

/** Each resource has an example of its own. */
export function idParameter(example = '42'): Json {
  return {
    name: 'id',
    in: 'path',
    required: true,
    description: 'Id of the resource.',
    schema: { type: 'string' },
    example,
  };
}

/** Each operation has an example of its own: a key names one request. `api` tells those of a type apart that several serve. */
export function keyParameter(verb: string, segment: string, api?: string): Json {
  return withExample(
    [verb, segment, ...(api === undefined ? [] : [api]), '1'].join('-'),
    header(
      'Idempotency-Key',
      'Name of this request, chosen by the client. Sent again with the same key and content it has no second effect and gets the first answer; with other content it is refused.',
    ),
  );
}

/** Parameters of one resource: its order, its conditions, and the references it can expand. */
export function resourceParameters(model: ResourceModel): { sort: Json; conditions: Json[]; expand: Json | undefined } {
  const places = filterPlaces(model);
  const references = referencePaths(model.type);
  const served = servedBy(model.type);
  return {
    sort: withExample(
      'id',
      query(
        'sort',
        `Attributes to sort by, separated by commas, \`-\` before one for descending: \`-amount.amount,id\`. Absent values come last. Default: in the order of creation. ${served.sort}`,
      ),
    ),
    conditions: places.length === 0 ? [] : [anyConditions(places, served.conditions), ...places.map(equalTo)],
    expand:
      references.length === 0
        ? undefined
        : withExample(
            references[0],
            query(
              'expand',
              `References to answer with the resource they refer to, separated by commas; of ${references.map((path) => `\`${path}\``).join(', ')}.`,
            ),
          ),
  };
}

/** A single value that a condition can be put on. */
interface Place {
  /** Dotted, in wire names. */
  readonly name: string;
  readonly description: string;
  readonly schema: Json;
  readonly isBelow: boolean;
}

/** Filterable attributes of the first level; of objects and lists what is mandatory in them, or else what is no address or meta attribute. */
function filterPlaces({ type, filterInput }: ResourceModel): Place[] {
  const filterable = attributeFields(type).filter(
    ({ name }) => filterInput?.getFields()[name] !== undefined && name !== extensionAttribute,
  );
  return filterable.flatMap((field): Place[] => {
    const wire = wireOf(field);
    const named = getNamedType(field.type);
    if (isObjectType(named)) return placesBelow(wire, named);
    return [{ name: wire, description: field.description ?? '', schema: scalarSchema(named), isBelow: false }];
  });
}

/** Where an object consists of nothing but objects, these are looked into. */
function placesBelow(path: string, type: GraphQLObjectType): Place[] {
  const inner = attributeFields(type).map((field) => ({ field, named: getNamedType(field.type) }));
  const leaves = inner.filter(({ named }) => !isObjectType(named));
  const mandatory = leaves.filter(({ field }) => isNonNullType(field.type));
  const telling = leaves.filter(({ field }) => field.name !== 'href' && !wireOf(field).startsWith('@'));
  const shown = mandatory.length > 0 ? mandatory : telling;
  if (shown.length === 0)
    return inner.flatMap(({ field, named }) =>
      isObjectType(named) && named !== type ? placesBelow(`${path}.${wireOf(field)}`, named) : [],
    );
  return shown.map(({ field, named }) => ({
    name: `${path}.${wireOf(field)}`,
    description: field.description ?? '',
    schema: scalarSchema(named),
    isBelow: true,
  }));
}

/** Equality with one value or any of several. */
function equalTo({ name, description, schema }: Place): Json {
  const { example: _, ...single } = schema;
  const example = demoValues[name] ?? valueOf(schema, description);
  // Either of two booleans is no condition.
  if (single['type'] === 'boolean') return withExample(example, query(name, description, single));
  const list = query(name, description, { type: 'array', items: single });
  return { ...withExample([example], list), style: 'form', explode: false };
}

/** All other conditions; OpenAPI has no parameter whose name is free but an object whose members are parameters. */
function anyConditions(places: readonly Place[], served: string): Json {
  const name = (matching: (place: Place) => boolean): string | undefined => places.find(matching)?.name;
  const text = name(
    ({ schema, name: place }) =>
      schema['type'] === 'string' && !schema['format'] && !schema['enum'] && place !== 'id' && !place.startsWith('@'),
  );
  const time = name(({ schema }) => schema['format'] === 'date-time');
  const number = name(({ schema }) => schema['type'] === 'number');
  const below = name(({ isBelow, schema }) => isBelow && schema['type'] === 'string');
  const examples = [
    text && `\`${text}.startswith=a\``,
    text && `\`${text}.ne=a,b\` (neither)`,
    time && `\`${time}.gte=2026-01-31\``,
    number && `\`${number}.lt=12.5\``,
    below && `\`${below}.isnull=false\``,
  ].filter(Boolean);
  return {
    ...query(
      'conditions',
      `Any other conditions, each a query parameter of its own: a dotted attribute path, an operator, a value. The name \`conditions\` itself is not sent; here they are written as JSON object, \`{"path.operator": "value"}\`. For instance ${examples.join(', ')}. The operators are listed at the top of this page. ${served}`,
      { type: 'object', additionalProperties: { type: 'string' } },
    ),
    example: { 'id.ne': '0' },
    style: 'form',
    explode: true,
    allowReserved: true,
  };
}

/** Dotted paths of the references to resources of ours, lists included. */
function referencePaths(type: GraphQLObjectType, outer: readonly GraphQLObjectType[] = []): string[] {
  return attributeFields(type).flatMap((field) => {
    const named = getNamedType(field.type);
    if (!isObjectType(named) || outer.includes(named)) return [];
    const wire = wireOf(field);
    const below = referencePaths(named, [...outer, type]).map((path) => `${wire}.${path}`);
    return targetType(named) ? [wire, ...below] : below;
  });
}

function withExample(example: unknown, parameter: Json): Json {
  return { ...parameter, example };
}

function query(name: string, description: string, schema: Json = { type: 'string' }): Json {
  return { name, in: 'query', description, schema };
}

function header(name: string, description: string): Json {
  return { name, in: 'header', description, schema: { type: 'string' } };
}
