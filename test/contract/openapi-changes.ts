/** The changes between two OpenAPI 3.0 documents of ours that break a client of the first. */

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  nullable?: boolean;
}
interface Content {
  content?: Record<string, { schema?: Schema }>;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Schema;
  $ref?: string;
}
interface Operation {
  parameters?: Parameter[];
  requestBody?: Content & { required?: boolean };
  responses?: Record<string, Content & { $ref?: string }>;
}
export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; parameters?: Record<string, Parameter> };
}

const methods = ['get', 'post', 'patch', 'put', 'delete'];

/** A part of the same name in both documents; `path` names it in what is reported. */
interface Pair<Part> {
  path: string;
  before: Part;
  after: Part | undefined;
}

/** Breaking changes, each beginning with the path of what changed: `/bucket get`, `Bucket.name`. */
export function breakingOpenApiChanges(before: Document, after: Document): string[] {
  const changes: string[] = [];
  for (const [path, operations] of Object.entries(before.paths)) {
    for (const method of methods) {
      const operation = operations[method];
      if (operation === undefined) continue;
      const now = after.paths[path]?.[method];
      if (now === undefined) changes.push(`${path} ${method}: removed`);
      else changes.push(...changesOfOperation(`${path} ${method}`, [before, operation], [after, now]));
    }
  }
  for (const [name, schema] of Object.entries(before.components.schemas)) {
    // A name that is used no more is noticed where it was used.
    const now = after.components.schemas[name];
    if (now) changes.push(...changesOfSchema({ path: name, before: schema, after: now }));
  }
  return [...new Set(changes)];
}

function changesOfOperation(
  path: string,
  [documentBefore, before]: [Document, Operation],
  [documentAfter, after]: [Document, Operation],
): string[] {
  const changes: string[] = [];
  const parametersBefore = parametersOf(documentBefore, before);
  const parametersAfter = parametersOf(documentAfter, after);
  for (const [key, parameter] of parametersBefore) {
    const now = parametersAfter.get(key);
    if (now === undefined) changes.push(`${path} ${key}: parameter removed`);
    else changes.push(...changesOfSchema({ path: `${path} ${key}`, before: parameter.schema ?? {}, after: now.schema }));
  }
  for (const [key, parameter] of parametersAfter) {
    if (parameter.required && !parametersBefore.get(key)?.required) changes.push(`${path} ${key}: has become mandatory`);
  }
  if (before.requestBody) {
    changes.push(...changesOfContent(`${path} body`, before.requestBody, after.requestBody));
  } else if (after.requestBody?.required) {
    changes.push(`${path} body: has become mandatory`);
  }
  for (const [status, response] of Object.entries(before.responses ?? {})) {
    // Another way to fail, or one less, is for clients to bear.
    if (!status.startsWith('2')) continue;
    const now = after.responses?.[status];
    if (now === undefined) changes.push(`${path} ${status}: response removed`);
    else changes.push(...changesOfContent(`${path} ${status}`, response, now));
  }
  return changes;
}

function parametersOf(document: Document, { parameters = [] }: Operation): Map<string, Parameter> {
  return new Map(
    parameters
      .map(({ $ref, ...own }) => ($ref ? (document.components.parameters?.[nameOf($ref)] ?? own) : own) as Parameter)
      .map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]),
  );
}

function changesOfContent(path: string, before: Content, after: Content | undefined): string[] {
  return Object.entries(before.content ?? {}).flatMap(([type, { schema }]) => {
    const now = after?.content?.[type];
    if (now === undefined) return [`${path} ${type}: removed`];
    return changesOfSchema({ path: `${path} ${type}`, before: schema ?? {}, after: now.schema });
  });
}

/** References are compared by name; what they lead to is compared once, under its own name. */
function changesOfSchema({ path, before, after = {} }: Pair<Schema>): string[] {
  const changes: string[] = [];
  for (const fact of ['type', 'format', '$ref'] as const) {
    if (before[fact] !== undefined && before[fact] !== after[fact]) {
      changes.push(`${path}: ${fact} is ${after[fact]}, was ${before[fact]}`);
    }
  }
  if (after.enum) {
    const gone = before.enum ? before.enum.filter((value) => !after.enum?.includes(value)) : ['any value'];
    if (gone.length > 0) changes.push(`${path}: no longer ${gone.join(', ')}`);
  }
  for (const [name, property] of Object.entries(before.properties ?? {})) {
    const now = after.properties?.[name];
    if (now === undefined) changes.push(`${path}.${name}: removed`);
    else changes.push(...changesOfSchema({ path: `${path}.${name}`, before: property, after: now }));
  }
  changes.push(...changesOfRequired({ path, before, after }));
  if (before.items) changes.push(...changesOfSchema({ path: `${path}[]`, before: before.items, after: after.items }));
  before.allOf?.forEach((part, index) =>
    changes.push(...changesOfSchema({ path, before: part, after: after.allOf?.[index] })),
  );
  return changes;
}

/** What breaks: an attribute that a request must have now, and one that an answer no longer always has. */
function changesOfRequired({ path, before, after = {} }: Pair<Schema>): string[] {
  const [name = ''] = /^\w+/.exec(path) ?? [];
  const isInput = /_(Create|Update)$/.test(name);
  const added = (after.required ?? []).filter((one) => !before.required?.includes(one));
  const lifted = (before.required ?? []).filter((one) => !after.required?.includes(one) && after.properties?.[one]);
  return isInput
    ? added.map((one) => `${path}.${one}: has become mandatory`)
    : lifted.map((one) => `${path}.${one}: is no longer always there`);
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}
