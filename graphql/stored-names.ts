import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import { renamedFields } from './attribute.js';
import { attributeExtension, attributeOfField } from './naming.js';

// What GraphQL calls otherwise than storage does, see naming.ts: inputs come in, and objects go out, under the names of attributes.

/** What the types and inputs that are made of a class are called, behind the name of the class. */
const suffixes = ['', 'Input', 'Filter', 'OrderBy'];

/** Notes of each field that is called otherwise which attribute it is, and lets it answer that, in place; returns the schema. */
export function withStoredNames(schema: GraphQLSchema): GraphQLSchema {
  for (const { className, field: name, attribute } of renamedFields()) {
    for (const suffix of suffixes) {
      const type = schema.getType(className + suffix);
      const fields = isObjectType(type) || isInputObjectType(type) ? type.getFields() : {};
      const field = fields[name];
      if (field === undefined) continue;
      field.extensions = { ...field.extensions, [attributeExtension]: attribute };
      if ('args' in field) field.resolve = (source: Json) => source[attribute];
    }
  }
  return schema;
}

/** The arguments of a mutation under the names of attributes; undefined where they have no other. */
export function argumentRenaming(args: readonly GraphQLArgument[]): ((values: Json) => Json) | undefined {
  const renames = args.flatMap(({ name, type }): (readonly [string, Rename])[] => {
    const rename = renamingOf(type);
    return rename ? [[name, rename]] : [];
  });
  if (renames.length === 0) return undefined;
  return (values) => {
    const given = renames.filter(([name]) => Object.hasOwn(values, name));
    return { ...values, ...Object.fromEntries(given.map(([name, rename]) => [name, rename(values[name])])) };
  };
}

/** Puts the values of an input under the names of attributes. What has no structure of ours stays as it is. */
export function storedNames(schema: GraphQLSchema, inputName: string): Rename {
  const type = schema.getType(inputName);
  if (!isInputObjectType(type)) throw new Error(`the schema has no input ${inputName}`);
  return renamingOf(type) ?? ((value) => value);
}

type Json = Readonly<Record<string, unknown>>;
type Rename = (value: unknown) => unknown;

/** Undefined where nothing is called otherwise. */
function renamingOf(type: GraphQLInputType): Rename | undefined {
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    const rename = renamingOf(nullable.ofType as GraphQLInputType);
    return rename && ((value) => (Array.isArray(value) ? value.map(rename) : value));
  }
  return isInputObjectType(nullable) && isRenamed(nullable) ? objectRenaming(nullable) : undefined;
}

const objectRenamings = new WeakMap<GraphQLInputObjectType, Rename>();

function objectRenaming(type: GraphQLInputObjectType): Rename {
  const known = objectRenamings.get(type);
  if (known) return known;
  const parts = new Map<string, { readonly attribute: string; readonly inner: Rename | undefined }>();
  const rename: Rename = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const result: Record<string, unknown> = {};
    for (const [name, given] of Object.entries(value)) {
      const { attribute = name, inner } = parts.get(name) ?? {};
      result[attribute] = inner ? inner(given) : given;
    }
    return result;
  };
  // It is known before its fields are looked at: a type may nest in itself.
  objectRenamings.set(type, rename);
  for (const field of Object.values(type.getFields()))
    parts.set(field.name, { attribute: attributeOfField(field), inner: renamingOf(field.type) });
  return rename;
}

/** Whether anything in an input is called otherwise, however deep. */
function isRenamed(type: GraphQLInputObjectType, seen = new Set<GraphQLInputObjectType>()): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return Object.values(type.getFields()).some((field) => {
    const named = getNamedType(field.type);
    return attributeOfField(field) !== field.name || (isInputObjectType(named) && isRenamed(named, seen));
  });
}
