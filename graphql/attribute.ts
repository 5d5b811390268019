import { Extensions, Field, InputType, ObjectType } from 'type-graphql';
import type { GraphQLScalarType } from 'graphql';
import type { Indexes } from '../src/platform/read/resource-mapping.js';
import type { EnumType } from './enum.js';
import { nameOnWire, type IdentityField } from './naming.js';
import { lowerFirst } from '../src/platform/letter-case.js';
import type { FieldRead } from './plan/field-read.js';

/** A class that describes a GraphQL type. */
export type TypeClass = new () => object;
export type SingleType =
  GraphQLScalarType | StringConstructor | BooleanConstructor | NumberConstructor | TypeClass | EnumType;
/** As in type-graphql: the type, or a list of it in brackets. */
export type TypeThunk = () => SingleType | [SingleType];

export interface AttributeOptions {
  /** What the attribute means, with units and source clause: users read it in Sandbox. */
  description: string;
  /** How a create takes it; absent: the server sets it. */
  create?: 'required' | 'optional';
  /** Whether an update may carry it. */
  update?: boolean;
  /** The attribute is never null, in input and output. */
  required?: boolean;
  /** Of one that is required: its column has nulls, because kinds of resources share it that need not have it. */
  sharesColumn?: boolean;
  /** An SQL function of the row instead of a column: read and filtered, never written. */
  computed?: boolean;
  /** A resolver answers it: it may be given and is not kept, and there is nothing in the database to find or order by. */
  resolved?: boolean;
  /** Only the answer of the write that it comes from has it: it is null to readers, and nothing can be found or ordered by it. */
  toldOnce?: boolean;
  /** Its name in GraphQL, where that is not its own: of the id of what is no resource. */
  field?: IdentityField;
  /** Its name in TMF, where that follows no rule of ours. Attributes of one name are written alike everywhere. */
  wire?: string;
}

export interface Attribute extends AttributeOptions {
  name: string;
  type: TypeThunk;
}

const registry = new Map<object, Map<string, Attribute>>();

/**
 * The one place where an attribute's facts stand: the GraphQL field, and everything that is derived
 * from it (create and update inputs, filter and order inputs, the storage mapping, REST and OpenAPI).
 */
export function Attribute(type: TypeThunk, options: AttributeOptions): PropertyDecorator {
  return (prototype, property) => {
    const name = String(property);
    if (options.wire) nameOnWire(name, options.wire);
    const own = registry.get(prototype.constructor) ?? new Map<string, Attribute>();
    own.set(name, { ...options, name, type });
    registry.set(prototype.constructor, own);
    const { field = name, required, description, toldOnce } = options;
    Field(type, { nullable: !required, description })(prototype, field);
    if (toldOnce) Extensions({ read: { kind: 'toldOnce' } satisfies FieldRead })(prototype, field);
  };
}

/** The attributes of a class, inherited ones first. */
export function attributesOf(target: TypeClass): Map<string, Attribute> {
  const parent = Object.getPrototypeOf(target) as TypeClass | null;
  const inherited = parent && parent !== Function.prototype ? attributesOf(parent) : new Map<string, Attribute>();
  return new Map([...inherited, ...(registry.get(target) ?? [])]);
}

/** Those that the database knows: what can be stored, found and ordered by. */
export function storedAttributesOf(target: TypeClass): Attribute[] {
  return [...attributesOf(target).values()].filter(({ resolved, toldOnce }) => !resolved && !toldOnce);
}

/** The type without its list brackets, and whether it had them. */
export function resolveType(type: TypeThunk): { type: SingleType; isList: boolean } {
  const resolved = type();
  return Array.isArray(resolved) ? { type: resolved[0], isList: true } : { type: resolved, isList: false };
}

const valueObjects = new Set<TypeClass>();
const columnPairs = new Map<object, Readonly<Record<string, string>>>();

/** A value object: one class for output (Quantity) and input (QuantityInput). */
export function ValueObject(description: string): ClassDecorator {
  return (target) => {
    ObjectType({ description, simpleResolvers: true })(target);
    InputType(`${target.name}Input`, { description })(target);
    valueObjects.add(target as unknown as TypeClass);
  };
}

/** Stores a value object as columns, attribute name + suffix each: `{ amount: 'Amount', units: 'Units' }`. */
export function ColumnPair(suffixes: Readonly<Record<string, string>>): ClassDecorator {
  return (target) => void columnPairs.set(target, suffixes);
}

export function columnPairOf(target: object): Readonly<Record<string, string>> | undefined {
  return columnPairs.get(target);
}

export interface ResourceOptions {
  description: string;
  /** The table; classes of one table are told apart by `discriminator`. */
  table: string;
  discriminator?: Readonly<Record<string, string>>;
  /** SQL function of the present instant that gives the rows, where they are not simply those of the table. */
  asOfFunction?: string;
  /** Path of the attribute whose values, named by a filter, `asOfFunction` takes as its third argument; its second are ids. */
  asOfArgument?: readonly string[];
  /** Columns that say when and by whom a row was taken out of what is read, where it is kept. */
  hidden?: { readonly at: string; readonly by: string };
  /** The attribute that identifies a row in its scope and ends every order; default id. */
  key?: string;
  /** What is computed of it changes without its revision: its tag in TMF REST also says what was answered. */
  isLive?: boolean;
  /** What the migrations have made indexes for; a read that none helps gets connections of its own. */
  indexes?: Indexes;
}

const resources = new Map<object, ResourceOptions>();

/** An object type whose rows are stored: a TMF resource, or a part of one that is read like it. */
export function Resource(options: ResourceOptions): ClassDecorator {
  return (target) => {
    ObjectType({ description: options.description, simpleResolvers: true })(target);
    const { indexes, asOfFunction, asOfArgument, isLive } = options;
    Extensions({ isLive, served: { indexes, isComputed: asOfFunction !== undefined, asOfArgument } })(target);
    resources.set(target, options);
  };
}

export function isResource(target: TypeClass): boolean {
  return resources.has(target);
}

/** The resource of this name, e.g. usageSpecification; its file must have been loaded. */
export function resourceNamed(name: string): TypeClass {
  for (const target of resources.keys()) {
    if (lowerFirst((target as TypeClass).name) === name) return target as TypeClass;
  }
  throw new Error(`there is no resource ${name}`);
}

/** Every resource whose file was loaded. */
export function allResources(): TypeClass[] {
  return [...resources.keys()] as TypeClass[];
}

export function resourceOf(target: TypeClass): ResourceOptions {
  const options = resources.get(target);
  if (options === undefined) throw new Error(`${target.name} is no resource`);
  return options;
}

/** Fields that are called otherwise than their attributes, by the names of their classes. */
export function renamedFields(): { readonly className: string; readonly field: string; readonly attribute: string }[] {
  return [...valueObjects, ...(resources.keys() as Iterable<TypeClass>)].flatMap((target) =>
    [...attributesOf(target).values()].flatMap(({ name, field }) =>
      field === undefined ? [] : [{ className: target.name, field, attribute: name }],
    ),
  );
}
