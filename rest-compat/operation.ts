import { parse, type DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Presentation } from '../graphql/plan/presentation.js';
import type { FieldSelection, ParsedQuery } from './query/query-string.js';
import type { Access } from '../src/platform/rights/visibility.js';
import { lowerFirst } from '../src/platform/letter-case.js';
import type { ApiDescriptor } from './apis/api.js';
import type { Edition } from './edition.js';
import {
  nothingHidden,
  presentationOf,
  projectionOf,
  type Expansion,
  type HiddenOf,
  type Projection,
} from './projection.js';
import type { ResourceModel } from './resource-model.js';

/** Shapes of operations kept; the executor keeps of each a plan, or for a write compiled code, which takes about 70 KB. */
const plansMax = 500;
/** Rights that hide something, whose operations are kept. */
const hidingMax = 50;

/** A GraphQL operation of a fixed shape, and how its answer becomes TMF JSON. */
export interface Plan {
  readonly document: DocumentNode;
  /** Absent: everything. */
  readonly fields: FieldSelection | undefined;
  readonly projection: Projection;
  /** How the database writes it, of a query. */
  readonly presentation: Presentation;
}

export type OperationKind = 'one' | 'many' | 'manyCounted' | 'manyUncounted' | 'create' | 'createMany' | 'update';

/** Document and projection depend only on the resource, the operation, `fields` and `expand`; all values are variables. */
export class Plans {
  private readonly plans = new LRUCache<string, Plan>({ max: plansMax });
  /** One per resource. */
  private readonly deletions = new Map<string, DocumentNode>();
  /** Of clients who do not see everything, by their rights. */
  private readonly others = new LRUCache<string, Plans>({ max: hidingMax });

  constructor(private readonly hiddenOf: HiddenOf = nothingHidden) {}

  /** The plans of what a client may see. */
  seenBy({ rights }: Access): Plans {
    if (!rights.hides) return this;
    const hiddenOf: HiddenOf = (typeName) => rights.hidden(lowerFirst(typeName));
    const known = this.others.get(rights.key) ?? new Plans(hiddenOf);
    this.others.set(rights.key, known);
    return known;
  }

  plan(
    kind: OperationKind,
    { api, model, edition }: { api: ApiDescriptor; model: ResourceModel; edition?: Edition | undefined },
    { fields, expand = [], depth = 0 }: Pick<ParsedQuery, 'fields' | 'expand' | 'depth'>,
  ): Plan {
    const chosen = withIdentity(api, fields);
    const key = `${kind} ${model.name} ${edition?.name ?? ''} ${chosen ? fieldsKey(chosen) : '*'} ${depth} ${JSON.stringify(expand)}`;
    let plan = this.plans.get(key);
    if (plan === undefined) {
      plan = createPlan(kind, model, chosen, { paths: expand, depth }, edition, this.hiddenOf);
      this.plans.set(key, plan);
    }
    return plan;
  }

  /** The deletion of a resource, which answers only its id. */
  deletion({ operations }: ResourceModel): DocumentNode {
    let document = this.deletions.get(operations.delete);
    if (document === undefined) {
      document = parse(
        `mutation ($id: ID!, $ifRevision: Int) { result: ${operations.delete}(id: $id, ifRevision: $ifRevision) }`,
        { noLocation: true },
      );
      this.deletions.set(operations.delete, document);
    }
    return document;
  }
}

function createPlan(
  kind: OperationKind,
  model: ResourceModel,
  fields: FieldSelection | undefined,
  expansion: Expansion,
  edition: Edition | undefined,
  hiddenOf: HiddenOf,
): Plan {
  const projection = projectionOf(model.type, fields, expansion, edition?.singles, hiddenOf);
  return {
    document: parse(operationText(kind, model, projection.selection), { noLocation: true }),
    fields,
    projection,
    presentation: presentationOf(fields, edition?.singles),
  };
}

/** `fields=none` is id and href everywhere; elsewhere only the APIs that say so add them (docs/standard/rest.md). */
function withIdentity(api: ApiDescriptor, fields: FieldSelection | undefined): FieldSelection | undefined {
  if (fields === undefined || !(fields.none || api.fieldsAddIdentity)) return fields;
  return { attributes: new Map([...fields.attributes, ['id', true], ['href', true]]) };
}

function fieldsKey({ attributes }: FieldSelection): string {
  return [...attributes].map(([name, inner]) => (inner === true ? name : `${name}(${fieldsKey(inner)})`)).join(',');
}

function operationText(kind: OperationKind, { name, type, operations }: ResourceModel, selection: string): string {
  const address = 'href' in type.getFields() ? '_href: href' : '_id: id';
  // The version and the address go into headers, whatever `fields` names. A selection always ends with the brace that
  // closes it (projection.ts prints it so): a blank or a comment after that would leave these out without an error.
  const single = selection.replace(/\}$/, `_revision: revision _updatedAt: updatedAt ${address} }`);
  switch (kind) {
    case 'one':
      return `query ($id: ID!) { result: ${operations.one}(id: $id) ${single} }`;
    case 'create':
      return `mutation ($input: ${name}Create!) { result: ${operations.create}(input: $input) ${single} }`;
    case 'createMany':
      return `mutation ($inputs: [${name}Create!]!) { result: ${operations.createMany}(inputs: $inputs) ${selection} }`;
    case 'update':
      return `mutation ($id: ID!, $input: ${name}Update!, $ifRevision: Int) { result: ${operations.update}(id: $id, input: $input, ifRevision: $ifRevision) ${single} }`;
    case 'many':
    case 'manyUncounted':
    case 'manyCounted': {
      const parameters = `$filter: ${name}Filter, $orderBy: [${name}OrderBy!], $offset: Int, $limit: Int, $after: String`;
      const count = { many: 'totalCount', manyCounted: 'totalCount(exact: true)', manyUncounted: '' }[kind];
      return `query (${parameters}) {
        result: ${operations.many}(filter: $filter, orderBy: $orderBy, offset: $offset, limit: $limit, after: $after) {
          ${count} pageInfo { hasNextPage hasPreviousPage endCursor } items ${selection}
        }
      }`;
    }
  }
}
