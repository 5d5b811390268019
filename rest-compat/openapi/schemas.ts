import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { toWire, wireOf } from '../../graphql/naming.js';
import type { Json } from '../body/input.js';
import type { Singles } from '../edition.js';
import { extensionAttribute } from '../../src/platform/json.js';
import { attributeFields, targetType } from '../resource-model.js';

type AnyField = GraphQLField<unknown, unknown> | GraphQLInputField;

/** Scalars as JSON Schema, each with an example that is valid input; any other scalar is JSON of any form. */
const scalarSchemas: Readonly<Record<string, Json>> = {
  String: { type: 'string' },
  ID: { type: 'string', example: '42' },
  Int: { type: 'integer', format: 'int32', example: 1 },
  Boolean: { type: 'boolean', example: true },
  Decimal: { type: 'number', example: 10 },
  DateTime: { type: 'string', format: 'date-time', example: '2026-01-31T08:00:00.000Z' },
};

/** The component schemas of one document: GraphQL types under their wire names, each made when it is first referred to. */
export class Schemas {
  readonly components: Record<string, Json> = {};

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly editions: readonly Singles[] = [],
  ) {}

  /** What answers hold. */
  output(type: GraphQLObjectType): Json {
    return this.refer(type.name, type.description, () => attributeFields(type), true);
  }

  /** What a body holds; a value object that is the same in answers is not told twice. */
  input(type: GraphQLInputObjectType, name = type.name): Json {
    const output = this.schema.getType(type.name.replace(/Input$/, ''));
    if (isObjectType(output) && isSame(type, output)) return this.output(output);
    return this.refer(name, type.description, () => Object.values(type.getFields()));
  }

  /** An input in which null removes an attribute, unless answers always have it. */
  update(type: GraphQLInputObjectType, output: GraphQLObjectType, name: string): Json {
    const isRemovable = (field: AnyField): boolean => !isNonNullType(output.getFields()[field.name]?.type);
    return this.refer(name, type.description, () => Object.values(type.getFields()), false, isRemovable);
  }

  private refer(
    name: string,
    description: string | null | undefined,
    fields: () => readonly AnyField[],
    isOutput = false,
    isNullable: (field: AnyField) => boolean = () => false,
  ): Json {
    if (!(name in this.components)) {
      const component: Json = { type: 'object', ...(description && { description }) };
      // It is known before its attributes are looked at: a type may nest in itself.
      this.components[name] = component;
      const own = fields().filter((field) => field.name !== extensionAttribute);
      const required = own.filter(({ type }) => isNonNullType(type)).map((field) => wireOf(field));
      component['properties'] = Object.fromEntries(
        own.map((field) => [
          wireOf(field),
          isNullable(field)
            ? nullable(this.property(field))
            : this.property(field, isOutput && this.isSingleSomewhere(name, field)),
        ]),
      );
      if (required.length > 0) component['required'] = required;
      const extension = fields().find((field) => field.name === extensionAttribute);
      if (extension)
        component['additionalProperties'] = {
          description: isOutput ? 'Attributes of an extension.' : (extension.description ?? ''),
        };
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  private isSingleSomewhere(typeName: string, { name }: AnyField): boolean {
    return this.editions.some((singles) => Object.hasOwn(singles, typeName) && singles[typeName]?.includes(name));
  }

  private property(field: AnyField, isSingleSomewhere = false): Json {
    const description = field.description ?? '';
    const named = getNamedType(field.type) as GraphQLNamedType;
    const single = this.single(named);
    if (isListType(getNullableType(field.type))) {
      const list = { type: 'array', description, items: single };
      return isSingleSomewhere
        ? { description: `${description} A list, or one object, by edition.`, oneOf: [list, single] }
        : list;
    }
    // Beside a $ref nothing counts in OpenAPI 3.0.
    if ('$ref' in single) return { description, allOf: [single] };
    const example = isEnumType(named) ? undefined : exampleIn(description);
    return { ...single, description, ...(single['type'] === 'string' && example !== undefined && { example }) };
  }

  private single(type: GraphQLNamedType): Json {
    if (isObjectType(type)) return this.output(type);
    if (isInputObjectType(type)) return this.input(type);
    return scalarSchema(type);
  }
}

/**
 * In OpenAPI 3.0 `nullable` counts only beside a type, which a reference to a component has elsewhere. Where null removes a
 * word, it is one of the words, too.
 */
function nullable(schema: Json): Json {
  const { enum: words } = schema as { enum?: unknown[] };
  return {
    ...('allOf' in schema && { type: 'object' }),
    ...schema,
    nullable: true,
    ...(words && { enum: [...words, null] }),
  };
}

export function scalarSchema(type: GraphQLNamedType): Json {
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name) };
  return scalarSchemas[type.name] ?? {};
}

/** The body most people start from: what is mandatory, and the reference to another resource of ours, to a row of these ids. */
export function createExample(
  input: GraphQLInputObjectType,
  output: GraphQLObjectType,
  ids: Readonly<Record<string, string>>,
): Json {
  const targetOf = ({ name }: GraphQLInputField): string | undefined => {
    const type = getNamedType(output.getFields()[name]?.type);
    return isObjectType(type) ? targetType(type)?.name : undefined;
  };
  const reference = Object.values(input.getFields()).find((field) => targetOf(field) !== undefined);
  if (reference === undefined) return minimalExample(input);
  const id = ids[targetOf(reference) ?? ''];
  const example = exampleOf(reference) as Json;
  return { ...minimalExample(input), [wireOf(reference)]: { ...example, ...(id !== undefined && { id }) } };
}

/** A small change that harms nothing: of a text that may be absent. */
export function updateExample(input: GraphQLInputObjectType, output: GraphQLObjectType): Json {
  const texts = Object.values(input.getFields()).filter(
    ({ name, type }) =>
      String(type) === 'String' && toWire(name) === name && !isNonNullType(output.getFields()[name]?.type),
  );
  const text = texts.find(({ name }) => name === 'description') ?? texts[0];
  return text === undefined ? {} : { [text.name]: 'new text' };
}

/** The mandatory attributes, with values that their descriptions give as examples. */
function minimalExample(type: GraphQLInputObjectType): Json {
  const fields = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
  return Object.fromEntries(fields.map((field) => [wireOf(field), exampleOf(field)]));
}

function exampleOf(field: GraphQLInputField): unknown {
  const named = getNamedType(field.type);
  const single = isInputObjectType(named)
    ? minimalExample(named)
    : valueOf(scalarSchema(named), field.description ?? '');
  return isListType(getNullableType(field.type)) ? [single] : single;
}

/** A value that an attribute of this schema and description may have. */
export function valueOf(schema: Json, description: string): unknown {
  const described = schema['type'] === 'string' && !('format' in schema) ? exampleIn(description) : undefined;
  return described ?? schema['example'] ?? (schema['enum'] as string[] | undefined)?.[0] ?? 'string';
}

/** Descriptions are written for people and give examples as such: "What is counted, e.g. EUR, MB". */
function exampleIn(description: string): string | undefined {
  return /\be\.g\. ([\w-]+)(?=[,;)]|\.?$|\.\s)/.exec(description)?.[1];
}

/** Whether a value object is the same in bodies as in answers, down to what it nests. */
function isSame(
  input: GraphQLInputObjectType,
  output: GraphQLObjectType,
  compared: readonly GraphQLNamedType[] = [],
): boolean {
  if (compared.includes(input)) return true;
  const inputs = Object.values(input.getFields());
  const outputs = attributeFields(output);
  return (
    inputs.length === outputs.length &&
    inputs.every((field) => {
      const other = output.getFields()[field.name];
      if (other === undefined || !outputs.includes(other)) return false;
      const [one, another] = [getNamedType(field.type), getNamedType(other.type)];
      if (String(field.type).replaceAll('Input', '') !== String(other.type)) return false;
      return isInputObjectType(one)
        ? isObjectType(another) && isSame(one, another, [...compared, input])
        : one === another;
    })
  );
}
