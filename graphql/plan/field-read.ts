import type { GraphQLField } from 'graphql';
import { Extensions } from 'type-graphql';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';
import type { Edge } from '../../src/platform/read/source.js';
import type { TypeClass } from '../attribute.js';

/** How a field is read, where it is not simply stored under its name. The planner of reads goes by it. */
export type FieldRead =
  /** A resource by the argument id. */
  | { readonly kind: 'row'; readonly target: TypeClass; readonly past?: PastRead }
  /** A page of a resource, called with the arguments of a list. */
  | PageRead
  /** An object that is known by the argument id alone. */
  | { readonly kind: 'view' }
  /** The resource that a reference names by its id. */
  | { readonly kind: 'resource'; readonly target: TypeClass }
  /** The address of a resource by the object's id, and what follows. */
  | { readonly kind: 'address'; readonly target: TypeClass; readonly suffix: string }
  /** A stored list whose elements, where they are parts that we make, have this attribute below the address of the resource. */
  | {
      readonly kind: 'parts';
      readonly target: TypeClass;
      readonly attribute: string;
      readonly parts: readonly string[];
    }
  /** A resolver answers it, which no SQL could: it gets these attributes of its object. */
  | { readonly kind: 'resolver'; readonly needs: readonly string[]; readonly reason: string };

export interface PageRead {
  readonly kind: 'page';
  readonly target: TypeClass;
  /** How the rows refer to the object that has the page. */
  readonly edge?: Edge;
  /** Or which filter finds them. */
  readonly naming?: (id: string) => object;
  /** SQL function that gives the rows instead of their table. */
  readonly asOfFunction?: string;
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
