import {
  isObjectType,
  Kind,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';
import type { Context } from '../../../graphql/context.js';
import { serviceField } from '../../../graphql/federation/names.js';
import { nodeIn } from '../../../graphql/node/node-id.js';
import { readOf } from '../../../graphql/plan/field-read.js';
import { resourceRead } from '../../../graphql/rights/operations.js';
import type { RequestAudit } from '../../platform/audit/request-audit.js';
import { lowerFirst } from '../../platform/letter-case.js';
import { ELEMENTS_MAX } from '../../platform/limits.js';

type Variables = Record<string, unknown>;

/** An operation, as it was executed. */
export interface ExecutedOperation {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  readonly variables: Variables | null | undefined;
  readonly context: Context;
}

/**
 * Records what no resolver does: the fields that a query reads, and the mutations that were refused before any of them began.
 * `error` is what the operation ended with, if it did.
 */
export async function recordOperation(
  schema: GraphQLSchema,
  { document, definition, variables, context: { audit } }: ExecutedOperation,
  error?: unknown,
): Promise<void> {
  if (audit === undefined) return;
  const { operation, selectionSet } = definition;
  if (operation !== 'mutation')
    recordReads(
      schema,
      audit,
      { operation, nodes: fieldsOf(document, selectionSet), variables: variables ?? {} },
      error,
    );
  else if (error !== undefined && !audit.isRecorded)
    for (const { name } of fieldsOf(document, selectionSet)) await audit.refused({ operation: name.value }, error);
}

/** Runs a query, and records what it reads. */
export async function recordRead<T>(
  schema: GraphQLSchema,
  executed: ExecutedOperation,
  read: () => Promise<T>,
): Promise<T> {
  try {
    const answer = await read();
    await recordOperation(schema, executed);
    return answer;
  } catch (error) {
    await recordOperation(schema, executed, error);
    throw error;
  }
}

/** Each field is a read of its own, with its arguments; a subscription, which begins once. */
function recordReads(
  schema: GraphQLSchema,
  audit: RequestAudit,
  { operation, nodes, variables }: { operation: OperationTypeNode; nodes: readonly FieldNode[]; variables: Variables },
  error?: unknown,
): void {
  if (!audit.watchesReads) return;
  const fields = schema.getRootType(operation)?.getFields() ?? {};
  for (const node of nodes) {
    const field = fields[node.name.value];
    // Introspection reads nothing of anybody.
    if (field === undefined || field.name === serviceField) continue;
    const values = argumentsOf(node, variables);
    for (const [resourceType, resourceIds] of resourcesOf(schema, field, values))
      audit.read({ operation: field.name, resourceType }, { resourceIds, detail: shown(values) }, error);
  }
}

/** What a field reads, by its arguments: the types with their ids, where it names any. */
function resourcesOf(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  values: Variables,
): Iterable<[string, readonly string[]]> {
  const { id, representations } = values;
  const read = readOf(field)?.kind;
  const node = read === 'node' ? nodeIn(id) : undefined;
  if (node) return [[lowerFirst(node.typeName), [node.id]]];
  if (read === 'entities' && Array.isArray(representations)) {
    const idsOf = new Map<string, string[]>();
    for (const one of (representations as readonly unknown[]).slice(0, ELEMENTS_MAX)) {
      const { __typename: typeName, id, value } = (one ?? {}) as Variables;
      if (typeof typeName !== 'string' || !isObjectType(schema.getType(typeName))) continue;
      const ids = idsOf.get(lowerFirst(typeName)) ?? [];
      idsOf.set(lowerFirst(typeName), ids);
      const key = id ?? value;
      if (typeof key === 'string' || typeof key === 'number') ids.push(String(key));
    }
    if (idsOf.size > 0) return idsOf;
  }
  // An event is read as the resource that it is about.
  const resourceType = lowerFirst(resourceRead(field)).replace(/(?<=.)Event$/, '');
  return [[resourceType, typeof id === 'string' ? [id] : []]];
}

/** Those of fragments included: a fragment of the root is in no other fragment for long. */
function fieldsOf(document: DocumentNode, set: SelectionSetNode, depth = 0): FieldNode[] {
  return set.selections.flatMap((selection): FieldNode[] => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (depth > document.definitions.length) return [];
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(document, selection.selectionSet, depth);
    const fragment = document.definitions.find(
      (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fieldsOf(document, fragment.selectionSet, depth + 1) : [];
  });
}

function argumentsOf(node: FieldNode, variables: Variables): Variables {
  return Object.fromEntries(
    (node.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value, variables)]),
  );
}

function shown(values: Variables): string | undefined {
  try {
    const { id: _id, representations: _representations, ...others } = values;
    const given = Object.entries(others).filter(([, value]) => value !== undefined && value !== null);
    return given.length === 0 ? undefined : JSON.stringify(Object.fromEntries(given));
  } catch {
    return undefined;
  }
}
