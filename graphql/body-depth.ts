import { Kind, visit, type DocumentNode, type OperationDefinitionNode, type ValueNode } from 'graphql';
import type { DomainError } from '../src/platform/errors.js';
import { extensionAttribute, isDeeper, refuseDeep } from '../src/platform/json.js';
import { DOCUMENT_DEPTH_MAX } from '../src/platform/limits.js';
import type { Variables } from './cost/values.js';

/** Has bounds of its own, and is not stored. */
const filterArgument = 'filter';

const argumentsOf = new WeakMap<DocumentNode, readonly ValueNode[]>();

/** INVALID_BODY, when what a mutation would store nests deeper than a resource may. */
export function bodyTooDeep(
  document: DocumentNode,
  { operation }: OperationDefinitionNode,
  variables: Variables,
): DomainError | undefined {
  if (operation !== 'mutation') return undefined;
  let values = argumentsOf.get(document);
  if (values === undefined) {
    values = storedIn(document);
    argumentsOf.set(document, values);
  }
  return values.some((value) => isArgumentDeeper(value, variables)) ? refuseDeep() : undefined;
}

function storedIn(document: DocumentNode): readonly ValueNode[] {
  const values: ValueNode[] = [];
  visit(document, {
    Argument: ({ name, value }) => {
      if (name.value !== filterArgument) values.push(value);
      return false;
    },
  });
  return values;
}

/** A list has a resource in each of its elements. */
function isArgumentDeeper(value: ValueNode, variables: Variables): boolean {
  if (value.kind === Kind.LIST)
    return value.values.some((element) => isNodeDeeper(element, DOCUMENT_DEPTH_MAX, variables));
  if (value.kind !== Kind.VARIABLE) return isNodeDeeper(value, DOCUMENT_DEPTH_MAX, variables);
  const given = variables[value.name.value];
  return Array.isArray(given)
    ? given.some((element) => isDeeper(element, DOCUMENT_DEPTH_MAX, extensionAttribute))
    : isDeeper(given, DOCUMENT_DEPTH_MAX, extensionAttribute);
}

function isNodeDeeper(
  node: ValueNode,
  levels: number,
  variables: Variables,
  beside: string | undefined = extensionAttribute,
): boolean {
  if (node.kind === Kind.VARIABLE) return isDeeper(variables[node.name.value], levels, beside);
  if (node.kind !== Kind.LIST && node.kind !== Kind.OBJECT) return false;
  if (levels === 0) return true;
  if (node.kind === Kind.LIST)
    return node.values.some((element) => isNodeDeeper(element, levels - 1, variables, beside));
  return node.fields.some(({ name: { value: name }, value }) =>
    isNodeDeeper(value, name === beside ? levels : levels - 1, variables, name === beside ? undefined : beside),
  );
}
