/**
 * The changes between two OpenAPI 3.0 documents of this server that break a client of the first. It knows the keywords
 * that rest-compat/openapi writes and no others; `$ref` leads to components only.
 */

/** A change of the contract that breaks clients: where, and what. */
export interface BreakingChange {
  path: string;
  message: string;
}

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
}
interface Content {
  content?: Record<string, { schema?: Schema }>;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Schema;
}
interface Operation {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: Content & { required?: boolean };
  responses?: Record<string, Content & { headers?: Record<string, unknown> }>;
}
export interface Document {
  servers?: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema>; parameters?: Record<string, Parameter> };
}

/** Who sends what a schema describes: what widens a request narrows nothing, and the other way round. */
type Sender = 'client' | 'server';

/**
 * The breaking changes, each once. Paths are `Bucket.remainingValue` for an attribute of a component, else the address
 * and the method, and what of it changed: `/bucket get`, `/bucket get query fields`, `/bucket get 200 header Link`.
 */
export function breakingOpenApiChanges(before: Document, after: Document): BreakingChange[] {
  return new Comparison(before, after).run();
}

class Comparison {
  private readonly changes = new Map<string, BreakingChange>();
  /** Components that were compared, by sender; they may nest in themselves. */
  private readonly compared = new Set<string>();

  constructor(
    private readonly before: Document,
    private readonly after: Document,
  ) {}

  run(): BreakingChange[] {
    const addresses = (this.after.servers ?? []).map(({ url }) => url);
    for (const { url } of this.before.servers ?? []) if (!addresses.includes(url)) this.report(url, 'was removed');
    for (const [address, operations] of Object.entries(this.before.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const path = `${address} ${method}`;
        const now = this.after.paths[address]?.[method];
        if (now === undefined) this.report(path, 'was removed');
        else this.operation(path, operation, now);
      }
    }
    return [...this.changes.values()];
  }

  private report(path: string, message: string): void {
    this.changes.set(`${path}: ${message}`, { path, message });
  }

  private operation(path: string, before: Operation, after: Operation): void {
    const parametersBefore = parametersOf(this.before, before);
    const parametersAfter = parametersOf(this.after, after);
    for (const [key, { schema = {} }] of parametersBefore) {
      const now = parametersAfter.get(key);
      if (now === undefined) this.report(`${path} ${key}`, 'was removed');
      else this.schema(`${path} ${key}`, schema, now.schema ?? {}, 'client');
    }
    for (const [key, { required }] of parametersAfter) {
      if (required && !parametersBefore.get(key)?.required) this.report(`${path} ${key}`, 'has become mandatory');
    }
    if (after.requestBody?.required && !before.requestBody?.required) {
      this.report(`${path} body`, 'has become mandatory');
    }
    if (before.requestBody) this.content(`${path} body`, before.requestBody, after.requestBody, 'client');
    for (const [status, response] of Object.entries(before.responses ?? {})) {
      // Another way to fail, or one less, is for clients to bear.
      if (Number(status) >= 400) continue;
      const now = after.responses?.[status];
      if (now === undefined) {
        this.report(`${path} ${status}`, 'was removed');
        continue;
      }
      for (const header of Object.keys(response.headers ?? {})) {
        if (!(header in (now.headers ?? {}))) this.report(`${path} ${status} header ${header}`, 'was removed');
      }
      this.content(`${path} ${status}`, response, now, 'server');
    }
  }

  private content(path: string, before: Content, after: Content | undefined, sender: Sender): void {
    for (const [type, { schema = {} }] of Object.entries(before.content ?? {})) {
      const now = after?.content?.[type];
      if (now === undefined) this.report(`${path} ${type}`, 'was removed');
      else this.schema(`${path} ${type}`, schema, now.schema ?? {}, sender);
    }
  }

  private schema(path: string, before: Schema, after: Schema, sender: Sender): void {
    for (const fact of ['$ref', 'type', 'format'] as const) {
      // The type beside a reference repeats that of what it leads to, which is compared by itself.
      if (fact === 'type' && before.allOf && after.allOf) continue;
      const isNarrowed = before[fact] !== undefined || sender === 'client';
      if (before[fact] !== after[fact] && isNarrowed) {
        this.report(path, `${fact} is ${after[fact] ?? 'absent'}, was ${before[fact] ?? 'absent'}`);
      }
    }
    if (before.$ref !== undefined && before.$ref === after.$ref) this.component(nameOf(before.$ref), sender);
    this.values(path, before, after, sender);
    this.attributes(path, before, after, sender);
    if (before.items && after.items) this.schema(`${path}[]`, before.items, after.items, sender);
    for (const keyword of ['allOf', 'oneOf'] as const) {
      const [parts, now] = [before[keyword] ?? [], after[keyword] ?? []];
      if (parts.length !== now.length) this.report(path, `${keyword} has ${now.length} parts, had ${parts.length}`);
      else parts.forEach((part, index) => this.schema(path, part, now[index] ?? {}, sender));
    }
  }

  /** What a reference leads to, under its own name. */
  private component(name: string, sender: Sender): void {
    if (this.compared.has(`${name} ${sender}`)) return;
    this.compared.add(`${name} ${sender}`);
    const [before, after] = [this.before, this.after].map(({ components }) => components?.schemas?.[name] ?? {});
    this.schema(name, before ?? {}, after ?? {}, sender);
  }

  private values(path: string, before: Schema, after: Schema, sender: Sender): void {
    if (after.enum && !before.enum) this.report(path, `is one of ${after.enum.join(', ')}, was any value`);
    for (const value of before.enum ?? []) {
      if (after.enum && !after.enum.includes(value)) this.report(path, `is no longer ${String(value)}`);
    }
    if (sender === 'server') {
      if (after.nullable && !before.nullable) this.report(path, 'may be null');
      return;
    }
    if (before.nullable && !after.nullable) this.report(path, 'must not be null');
    if ((after.minimum ?? -Infinity) > (before.minimum ?? -Infinity)) this.report(path, `is at least ${after.minimum}`);
    if ((after.maximum ?? Infinity) < (before.maximum ?? Infinity)) this.report(path, `is at most ${after.maximum}`);
  }

  private attributes(path: string, before: Schema, after: Schema, sender: Sender): void {
    for (const [name, attribute] of Object.entries(before.properties ?? {})) {
      const now = after.properties?.[name];
      if (now === undefined) this.report(`${path}.${name}`, 'was removed');
      else this.schema(`${path}.${name}`, attribute, now, sender);
    }
    if (before.additionalProperties && !after.additionalProperties) this.report(path, 'has no further attributes');
    if (sender === 'client') {
      const added = (after.required ?? []).filter((name) => !before.required?.includes(name));
      for (const name of added) this.report(`${path}.${name}`, 'has become mandatory');
    } else {
      const kept = Object.keys(after.properties ?? {}).filter((name) => before.required?.includes(name));
      const lifted = kept.filter((name) => !after.required?.includes(name));
      for (const name of lifted) this.report(`${path}.${name}`, 'is no longer always there');
    }
  }
}

function parametersOf({ components }: Document, { parameters = [] }: Operation): Map<string, Parameter> {
  const found = parameters.map((one) => ('$ref' in one ? components?.parameters?.[nameOf(one.$ref)] : one));
  return new Map(found.flatMap((one) => (one === undefined ? [] : [[`${one.in} ${one.name}`, one]])));
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}
