import {
  getNamedType,
  isInputObjectType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { DomainError } from '../src/platform/errors.js';
import { Selections } from './cost/selections.js';
import { fieldOfAttribute } from './naming.js';

// What refuses an operation names attributes, as storage and TMF REST do. A client of GraphQL knows fields.

type Field = GraphQLField<unknown, unknown>;

/** The fields of the root of an operation, by their names in the answer. */
export function rootFields(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): ReadonlyMap<string, Field> {
  const root = schema.getRootType(operation);
  if (!root) return new Map();
  const fragments = definitions.filter((one): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION);
  const selections = new Selections(new Map(fragments.map((fragment) => [fragment.name.value, fragment])));
  return new Map(selections.of([selectionSet], root).map(({ responseName, field }) => [responseName, field]));
}

/** The refusal of a field of the root in the names of fields: itself, where they are those of the attributes. */
export function inFieldNames(refusal: DomainError, field: Field): DomainError {
  const { path } = refusal.details;
  if (path === undefined) return refusal;
  const named = fieldPath(path.split('.'), field).join('.');
  if (named === path) return refusal;
  // The message of an element of several does not have its number.
  const [inMessage, shown] = [path, named].map((one) => one.replace(/^\d+\./, '')) as [string, string];
  const mention = new RegExp(`(?<![\\w.])${inMessage.replaceAll('.', '\\.')}(?![\\w.])`);
  const message = refusal.message.replace(mention, () => shown);
  return new DomainError(refusal.code, message, { ...refusal.details, path: named });
}

/** A path leads through an input, or through what the field answers where the domain tells of more than the input has. */
function fieldPath(path: readonly string[], { args, type }: Field): readonly string[] {
  const types = [...args.map((argument) => getNamedType(argument.type)), getNamedType(type)];
  const attribute = path.find((segment) => !isNumber(segment)) ?? '';
  const start = types.find((one) => fieldOfAttribute(fieldsOf(one), attribute));
  return start ? below(start, path) : path;
}

function below(type: GraphQLNamedType, [segment, ...rest]: readonly string[]): string[] {
  if (segment === undefined) return [];
  if (isNumber(segment)) return [segment, ...below(type, rest)];
  const field = fieldOfAttribute(fieldsOf(type), segment);
  return field ? [field.name, ...below(getNamedType(field.type), rest)] : [segment, ...rest];
}

type NamedField = { name: string; type: Field['type']; extensions: Readonly<Record<string, unknown>> };

function fieldsOf(type: GraphQLNamedType): Readonly<Record<string, NamedField>> {
  if (isInputObjectType(type)) {
    const fields = type.getFields() as unknown as Readonly<Record<string, NamedField>>;
    // A condition on a list is one on its elements, which a path does not tell.
    return isListFilter(fields) ? fieldsOf(getNamedType(fields['some'].type)) : fields;
  }
  return isObjectType(type) ? type.getFields() : {};
}

function isListFilter(fields: Readonly<Record<string, NamedField>>): fields is { some: NamedField } {
  return Object.hasOwn(fields, 'some') && Object.hasOwn(fields, 'none');
}

function isNumber(segment: string): boolean {
  return /^\d+$/.test(segment);
}
