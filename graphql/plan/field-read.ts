import type { GraphQLField } from 'graphql';
import { Extensions } from 'type-graphql';
import type { Filter, OrderKey } from '../../src/platform/filter/tree/filter.js';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';
import type { StandingRows, Sums } from '../../src/platform/plan/plan.js';
import type { Edge } from '../../src/platform/read/source.js';
import type { GroupedResource } from '../aggregates.js';
import type { TypeClass } from '../attribute.js';

/** How a field is read, where it is not simply stored under its name. The planner of reads goes by it. */
export type FieldRead =
  /** A resource by the argument id, or another one. */
  | { readonly kind: 'row'; readonly target: TypeClass; readonly argument?: string; readonly past?: PastRead }
  /** The resource of any type that the argument id, a nodeId, names. */
  | { readonly kind: 'node' }
  /** The resources of any types that the argument representations names. */
  | { readonly kind: 'entities' }
  /** The resource that an event is about, as it stood then. */
  | { readonly kind: 'told' }
  /** The nodeId of a resource of this type, made of its id. */
  | { readonly kind: 'nodeId'; readonly typeName: string }
  /** A page of a resource, called with the arguments of a list. */
  | PageRead
  /** The resource that a reference names by its id, or the first of these attributes that it has. */
  | { readonly kind: 'resource'; readonly target: TypeClass; readonly by?: readonly string[] }
  | StandingRead
  | FirstRead
  | SumsRead
  /** The address of a resource by the object's id, and what follows. */
  | { readonly kind: 'address'; readonly target: TypeClass; readonly suffix: string }
  /** A stored list whose elements, where they are parts that we make, have this attribute below the address of the resource. */
  | {
      readonly kind: 'parts';
      readonly target: TypeClass;
      readonly attribute: string;
      readonly parts: readonly string[];
    }
  /** What the answer of a write alone tells: null to whoever reads. */
  | { readonly kind: 'toldOnce' }
  | ResolverRead;

/** A resolver answers it, which no SQL could: it gets these attributes of its object. */
export interface ResolverRead {
  readonly kind: 'resolver';
  readonly needs: readonly string[];
  readonly reason: string;
  /** It answers rows of this resource, of which is shown what a read would show: what their references lead to is read for them. */
  readonly rowsOf?: TypeClass;
}

export interface PageRead {
  readonly kind: 'page';
  readonly target: TypeClass;
  /** How the rows refer to the object that has the page. */
  readonly edge?: Edge;
  /** Its items are groups of the rows of the target. */
  readonly grouped?: GroupedResource;
  /** SQL function that gives the rows instead of their table. */
  readonly asOfFunction?: string;
  /** What all rows of it have in common. */
  readonly where?: Filter;
}

/** The first of the rows that refer to the object. */
export interface FirstRead {
  readonly kind: 'first';
  readonly target: TypeClass;
  readonly edge: Edge;
  readonly order: readonly OrderKey[];
}

/** Sums of the rows that refer to the object, as the plan has them. */
export interface SumsRead {
  readonly kind: 'sums';
  readonly of: readonly SummedRows[];
  readonly by: Sums['by'];
  readonly added: Sums['added'];
  readonly mapping: () => ResourceMapping;
}

export interface SummedRows {
  readonly target: TypeClass;
  readonly edge: Edge;
  readonly parts: string;
  /** What of a row is in the sums: they are hidden from whom it is hidden. */
  readonly attributes: readonly string[];
}

/** What stood of the object at the instant that the argument `at` names. */
export interface StandingRead {
  readonly kind: 'standing';
  readonly rows: () => StandingRows;
}

/** How a row was at an earlier instant. */
export interface PastRead {
  /** The argument that names the instant. */
  readonly argument: string;
  readonly mapping: () => ResourceMapping;
  /** Attributes that are null then. */
  readonly absent: readonly string[];
  /** The attribute with the instant from which on there was a row. */
  readonly since: string;
}

/** Says how the field of a resolver is read. */
export function Read(read: FieldRead): MethodDecorator {
  return Extensions({ read });
}

/** Undefined for what is stored under its name, and for what only its resolver knows. */
export function readOf({ extensions }: Pick<GraphQLField<unknown, unknown>, 'extensions'>): FieldRead | undefined {
  return extensions['read'] as FieldRead | undefined;
}

/** The body of a resolver whose field is read by a plan, and never by itself. */
export function byPlan(): never {
  throw new Error('this field is read by the plan of its operation (graphql/plan)');
}
