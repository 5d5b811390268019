import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isNonNullType,
  type GraphQLEnumType,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLLeafType,
} from 'graphql';
import { LosslessNumber } from 'lossless-json';
import { toAttribute, toWire, wireOf } from '../../graphql/naming.js';
import { DomainError } from '../../src/platform/errors.js';
import { ELEMENTS_MAX } from '../../src/platform/limits.js';
import { extensionAttribute, ownProperty } from '../../src/platform/json.js';
import type { AttributeAliases } from '../apis/api.js';
import { printable } from '../query/decode.js';
import { unwrap } from '../query/filter-input.js';
import type { ResourceModel } from '../resource-model.js';

export type Json = Record<string, unknown>;

/** What becomes of a single value; throws when it is none of the type. */
export type Leaf = (type: GraphQLLeafType, value: unknown) => unknown;

/** What resolvers get: the executor coerces nothing again. */
export const parseLeaf: Leaf = (type, value) => type.parseValue(value);

/** For operations that are only shown: the value as it was sent, once it is known to fit. */
export const leafAsSent: Leaf = (type, value) => {
  type.parseValue(value);
  return value;
};

interface Reading {
  readonly aliases: AttributeAliases;
  readonly leaf: Leaf;
}

/**
 * A TMF body as a GraphQL input value: wire names become attribute names, other editions' names ours, a single
 * value stands for a list of one (as GraphQL has it), and whatever does not fit is refused by its path.
 */
export function toInput(
  body: Json,
  input: GraphQLInputObjectType,
  model: ResourceModel,
  aliases: AttributeAliases,
  leaf: Leaf,
): Json {
  const said = input === model.createInput ? withoutUnsaid(body, model, aliases) : body;
  const translated = resolveAliases(said, model, aliases);
  const { known, unknown } = split(translated, model);
  const reading = { aliases, leaf };
  const result = objectInput(known, input, [], reading, (attribute) => Object.hasOwn(model.attributes, attribute));
  const [stranger] = Object.keys(unknown);
  if (stranger === undefined) return result;
  if (!Object.hasOwn(input.getFields(), extensionAttribute)) throw unknownAttribute(stranger, model);
  requireAnnouncement(translated, stranger, model);
  const field = input.getFields()[extensionAttribute] as GraphQLInputField;
  return { ...result, [extensionAttribute]: fieldInput(unknown, field, [extensionAttribute], reading) };
}

/** The attributes of a body that the resource has, and those that only an extension can have. */
export function split(body: Json, model: ResourceModel): { known: Json; unknown: Json } {
  const isKnown = ([wire]: [string, unknown]): boolean => {
    const attribute = toAttribute(wire);
    return toWire(attribute) === wire && Object.hasOwn(model.attributes, attribute) && attribute !== extensionAttribute;
  };
  const entries = Object.entries(body);
  return {
    known: Object.fromEntries(entries.filter(isKnown)),
    unknown: Object.fromEntries(entries.filter((entry) => !isKnown(entry))),
  };
}

/** TMF630 Part 2: a schema address, or a type that is not the resource's own. */
export function requireAnnouncement(body: Json, stranger: string, model: ResourceModel): void {
  if (!isAnnounced(body, model.name)) throw unknownAttribute(stranger, model);
}

function isAnnounced(body: Json, typeName: string): boolean {
  const type = ownProperty(body, '@type');
  return typeof ownProperty(body, '@schemaLocation') === 'string' || (typeof type === 'string' && type !== typeName);
}

function unknownAttribute(name: string, model: ResourceModel): DomainError {
  return refusal(
    [name],
    `unknown attribute '${name}' of ${model.name}: an extension is announced by @schemaLocation or a subclass @type`,
  );
}

/** What a nested object has beyond its class is kept as its extension, when it announces one itself. */
function nestedInput(
  body: Json,
  input: GraphQLInputObjectType,
  typeName: string,
  path: readonly string[],
  reading: Reading,
): Json {
  const { fields } = wireFieldsOf(input);
  const extension = fields.get(extensionAttribute);
  if (extension === undefined || !isAnnounced(body, typeName))
    return objectInput(body, input, path, reading, () => false);
  const isKnown = ([wire]: [string, unknown]): boolean => wire !== extensionAttribute && fields.has(wire);
  const entries = Object.entries(body);
  const result = objectInput(Object.fromEntries(entries.filter(isKnown)), input, path, reading, () => false);
  const unknown = entries.filter((entry) => !isKnown(entry));
  return unknown.length === 0
    ? result
    : { ...result, [extensionAttribute]: fieldInput(Object.fromEntries(unknown), extension, path, reading) };
}

function objectInput(
  body: Json,
  input: GraphQLInputObjectType,
  path: readonly string[],
  reading: Reading,
  isIgnored: (attribute: string) => boolean,
): Json {
  const { fields, required } = wireFieldsOf(input);
  const result: Json = {};
  for (const [wire, value] of Object.entries(body)) {
    // On the wire an extension has no name: its attributes stand beside the others.
    const field = wire === extensionAttribute ? undefined : fields.get(wire);
    if (field) result[field.name] = fieldInput(value, field, [...path, wire], reading);
    else if (!isIgnored(toAttribute(wire))) throw refusal(path, `unknown attribute '${[...path, wire].join('.')}'`);
  }
  for (const { name, wire } of required) {
    if (result[name] !== undefined && result[name] !== null) continue;
    const missing = [...path, wire].join('.');
    throw new DomainError('MISSING_ATTRIBUTE', `${missing} is missing`, { path: missing });
  }
  return result;
}

interface WireFields {
  /** By their names on the wire. */
  fields: ReadonlyMap<string, GraphQLInputField>;
  required: readonly { name: string; wire: string }[];
}

const wireFields = new WeakMap<GraphQLInputObjectType, WireFields>();

function wireFieldsOf(input: GraphQLInputObjectType): WireFields {
  let known = wireFields.get(input);
  if (known === undefined) {
    const fields = Object.values(input.getFields());
    known = {
      fields: new Map(fields.map((field) => [wireOf(field), field])),
      required: fields
        .filter(({ type }) => isNonNullType(type))
        .map((field) => ({ name: field.name, wire: wireOf(field) })),
    };
    wireFields.set(input, known);
  }
  return known;
}

function fieldInput(value: unknown, field: GraphQLInputField, path: readonly string[], reading: Reading): unknown {
  if (value === null) return null;
  const { type, isList } = unwrap(field.type);
  if (!isList) return singleInput(value, type, path, reading);
  const elements = Array.isArray(value) ? value : [value];
  if (elements.length > ELEMENTS_MAX)
    throw refusal(path, `${path.join('.')} has ${elements.length} elements: the limit ELEMENTS_MAX is ${ELEMENTS_MAX}`);
  return elements.map((element: unknown, index) =>
    singleInput(element, unwrap(type).type, [...path, String(index)], reading),
  );
}

function singleInput(
  value: unknown,
  type: Parameters<typeof unwrap>[0],
  path: readonly string[],
  reading: Reading,
): unknown {
  const named = getNamedType(type);
  if (isInputObjectType(named)) {
    if (!isObject(value)) throw refusal(path, `${path.join('.')} must be an object`);
    const typeName = named.name.replace(/Input$/, '');
    return nestedInput(withoutAliases(value, typeName, reading.aliases, path), named, typeName, path, reading);
  }
  if (isEnumType(named)) requireWord(value, named, path);
  try {
    return reading.leaf(named as GraphQLLeafType, value);
  } catch (error) {
    throw refusal(path, `${path.join('.')}: ${(error as Error).message}`);
  }
}

function requireWord(value: unknown, type: GraphQLEnumType, path: readonly string[]): void {
  if (typeof value === 'string' && type.getValue(value)) return;
  const words = type.getValues().map(({ name }) => name);
  const shown = printable(typeof value === 'string' ? value : JSON.stringify(value));
  throw refusal(path, `${path.join('.')} must be one of ${words.join(', ')}: '${shown}'`);
}

function withoutUnsaid(body: Json, { name }: ResourceModel, { unsaid }: AttributeAliases): Json {
  const values = unsaid?.[name];
  if (values === undefined) return body;
  const isSaid = ([wire, value]: [string, unknown]): boolean =>
    typeof value !== 'string' || !(ownProperty(values, wire)?.includes(value) ?? false);
  return Object.fromEntries(Object.entries(body).filter(isSaid));
}

/** What stands at the top of a body in the words of the edition we serve; what is nested stays as it is. */
export function resolveAliases(body: Json, model: ResourceModel, aliases: AttributeAliases): Json {
  return withoutAliases(body, model.name, aliases, []);
}

/** The same object in the words of the edition we serve. */
function withoutAliases(
  body: Json,
  typeName: string,
  { names, values, bare, ignored }: AttributeAliases,
  path: readonly string[],
): Json {
  const renamed = names[typeName];
  const synonyms = values[typeName];
  const wrapped = bare?.[typeName];
  const dropped = ignored?.[typeName];
  if (renamed === undefined && synonyms === undefined && wrapped === undefined && dropped === undefined) return body;
  const said = Object.entries(body).filter(([wire]) => !dropped?.includes(wire));
  const entries = said.map(([wire, value]): [string, unknown] => {
    const name = renamed && Object.hasOwn(renamed, wire) ? (renamed[wire] as string) : wire;
    if (name !== wire && Object.hasOwn(body, name)) {
      throw refusal(
        [...path, wire],
        `${[...path, wire].join('.')} is another name of ${name}: only one of them can be given`,
      );
    }
    const wrap = wrapped && Object.hasOwn(wrapped, name) && isNumber(value) ? wrapped[name] : undefined;
    if (wrap) return [name, { ...wrap.beside, [wrap.as]: value }];
    const words = synonyms && Object.hasOwn(synonyms, name) ? synonyms[name] : undefined;
    return [name, words && typeof value === 'string' && Object.hasOwn(words, value) ? words[value] : value];
  });
  return Object.fromEntries(entries);
}

function refusal(path: readonly string[], message: string): DomainError {
  return new DomainError('INVALID_ATTRIBUTE', message, { path: path.join('.') });
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || value instanceof LosslessNumber;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber);
}
