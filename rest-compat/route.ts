import type { GraphQLSchema } from 'graphql';
import { DomainError } from '../src/platform/errors.js';
import type { ApiDescriptor } from './apis/api.js';
import type { Edition } from './edition.js';
import { resourceModel, type ResourceModel } from './resource-model.js';

export interface Route {
  readonly api: ApiDescriptor;
  readonly model: ResourceModel;
  /** Canonical path of the collection. */
  readonly collection: string;
  /** Absent: the collection itself is meant. */
  readonly id: string | undefined;
  /** What the resources of this route have in common, where several APIs serve them. */
  readonly fixed?: Fixed | undefined;
  /** How answers are written, where the API has several editions. */
  readonly edition?: Edition | undefined;
}

/** Values of attributes. */
export type Fixed = Readonly<Record<string, string>>;

type Served = Pick<Route, 'api' | 'model' | 'collection' | 'fixed'>;

/** Finds the resource a path means, in every spelling of its base path. */
export class Router {
  private readonly served = new Map<string, Served>();
  private readonly collections = new Map<string, string>();

  constructor(schema: GraphQLSchema, apis: readonly ApiDescriptor[]) {
    for (const api of apis) {
      for (const [segment, typeName] of Object.entries(api.resources)) {
        const model = resourceModel(schema, typeName);
        const collection = `${api.basePaths[0]}/${segment}`;
        const fixed = api.fixed?.[typeName];
        if (!this.collections.has(typeName)) this.collections.set(typeName, collection);
        const canonical = fixed ? collection : (this.collections.get(typeName) ?? collection);
        for (const base of api.basePaths)
          this.served.set(`${base}/${segment}`, { api, model, collection: canonical, fixed });
      }
    }
  }

  /** Canonical path of one resource: what href is made of. */
  pathOf(typeName: string, id: string): string {
    return `${this.collectionOf(typeName)}/${encodeURIComponent(id)}`;
  }

  /** Canonical path of the collection. */
  collectionOf(typeName: string): string {
    const collection = this.collections.get(typeName);
    if (collection === undefined) throw new Error(`${typeName} is not served by REST`);
    return collection;
  }

  match(path: string): Route {
    const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
    const collection = this.served.get(trimmed);
    if (collection) return { ...collection, id: undefined };
    const slash = trimmed.lastIndexOf('/');
    const item = this.served.get(trimmed.slice(0, slash));
    if (item) return { ...item, id: decodeId(trimmed.slice(slash + 1)) };
    throw new DomainError('NOT_FOUND', `there is nothing at ${path.slice(0, 200)}`);
  }
}

function decodeId(segment: string): string {
  let id: string;
  try {
    id = decodeURIComponent(segment);
  } catch {
    throw new DomainError('NOT_FOUND', `'${segment.slice(0, 100)}' is not a percent-encoded id`);
  }
  // No id of ours contains a NUL, and PostgreSQL would not take it.
  if (id.includes('\0')) throw new DomainError('NOT_FOUND', 'an id contains no NUL');
  return id;
}
