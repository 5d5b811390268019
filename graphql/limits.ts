import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type DefinitionNode,
  type DocumentNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { isStorable } from '../src/platform/storable-text.js';

// Bounds of one GraphQL operation. Pages are bounded by their own limit argument.

export const TOKENS_MAX = 10_000;
/** Fields that are asked for again under the name of another in the same selection, and fragments: each is held against all others. */
export const REPEATS_MAX = 100;
export const FRAGMENTS_MAX = 200;
/** Nesting of selections; introspection needs 13. */
export const SELECTION_DEPTH_MAX = 15;
/** Fields of the root, aliases included: each is a query or a mutation of its own. */
export const ROOT_FIELDS_MAX = 50;
/** Rows that the lists within lists of one operation may ask for: for each its parents × its limit. */
export const EDGE_ROWS_MAX = 10_000;
/** What rows are grouped by in one query. */
export const GROUP_KEYS_MAX = 8;
/** Objects and lists nested in each other in a filter. */
export const FILTER_DEPTH_MAX = 40;

/** Refuses documents that nest too deep, ask for too much at once, or carry text PostgreSQL cannot store. */
const boundingRules = [refuseRepeats, limitDepth, limitRootFields, refuseUnstorableText];
/** The same for requests that have one answer. */
export const validationRules = [...boundingRules, refuseSubscriptions];
/** The same for what has an answer for each event. */
export const subscriptionRules = [...boundingRules, refuseOthers];

function limitDepth(context: ValidationContext): ASTVisitor {
  const depthOf = depthCounter((name) => context.getFragment(name)?.selectionSet);
  return {
    OperationDefinition(node) {
      if (depthOf(node.selectionSet) > SELECTION_DEPTH_MAX) {
        context.reportError(
          new GraphQLError(
            `the operation is nested too deep: the limit SELECTION_DEPTH_MAX is ${SELECTION_DEPTH_MAX}`,
            { nodes: node },
          ),
        );
      }
    },
  };
}

/**
 * Refuses what would keep the rules of GraphQL for long, which compare fields of one name, and fragments, in pairs. Rules
 * are made before any of them looks at the document: the refused one is emptied, and they find nothing to compare. That
 * graphql-js makes all rules first and shares one document is its implementation, not its promise: look again when it is
 * updated.
 */
function refuseRepeats(context: ValidationContext): ASTVisitor {
  const problem = repeatsIn(context.getDocument());
  if (problem !== undefined) {
    (context.getDocument().definitions as DefinitionNode[]).length = 0;
    context.reportError(new GraphQLError(problem));
  }
  return {};
}

function repeatsIn(document: DocumentNode): string | undefined {
  let repeats = 0;
  let fragments = 0;
  const count = (set: SelectionSetNode, names: Set<string>): void => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) count(selection.selectionSet, names);
      else if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        if (names.has(name)) repeats++;
        names.add(name);
        if (selection.selectionSet) count(selection.selectionSet, new Set());
      }
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments++;
    if ('selectionSet' in definition && definition.selectionSet) count(definition.selectionSet, new Set());
  }
  if (repeats > REPEATS_MAX)
    return `the document asks ${repeats} times for a field that is in the same selection already: the limit REPEATS_MAX is ${REPEATS_MAX}`;
  if (fragments > FRAGMENTS_MAX)
    return `the document has ${fragments} fragments: the limit FRAGMENTS_MAX is ${FRAGMENTS_MAX}`;
  return undefined;
}

/** Counts each fragment once, however often it is spread; one that contains itself is refused by another rule. */
function depthCounter(
  fragment: (name: string) => SelectionSetNode | undefined,
): (set: SelectionSetNode | undefined) => number {
  const known = new Map<string, number>();
  const depthOf = (set: SelectionSetNode | undefined): number => {
    let deepest = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) deepest = Math.max(deepest, 1 + depthOf(selection.selectionSet));
      else if (selection.kind === Kind.INLINE_FRAGMENT) deepest = Math.max(deepest, depthOf(selection.selectionSet));
      else deepest = Math.max(deepest, depthOfFragment(selection.name.value));
    }
    return deepest;
  };
  const depthOfFragment = (name: string): number => {
    const earlier = known.get(name);
    if (earlier !== undefined) return earlier;
    known.set(name, 0);
    const depth = depthOf(fragment(name));
    known.set(name, depth);
    return depth;
  };
  return depthOf;
}

function limitRootFields(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(node) {
      const names = responseNames(
        node.selectionSet,
        (name) => context.getFragment(name)?.selectionSet,
        new Set(),
        new Set(),
      );
      if (names.size > ROOT_FIELDS_MAX) {
        context.reportError(
          new GraphQLError(
            `the operation has ${names.size} root fields: the limit ROOT_FIELDS_MAX is ${ROOT_FIELDS_MAX}`,
            { nodes: node },
          ),
        );
      }
    },
  };
}

/** Fields as the answer will have them, those of fragments included; each fragment counts once. */
function responseNames(
  set: SelectionSetNode | undefined,
  fragment: (name: string) => SelectionSetNode | undefined,
  names: Set<string>,
  spread: Set<string>,
): Set<string> {
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) names.add((selection.alias ?? selection.name).value);
    else if (selection.kind === Kind.INLINE_FRAGMENT) responseNames(selection.selectionSet, fragment, names, spread);
    else if (!spread.has(selection.name.value)) {
      spread.add(selection.name.value);
      responseNames(fragment(selection.name.value), fragment, names, spread);
    }
  }
  return names;
}

function refuseSubscriptions(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(node) {
      if (node.operation === 'subscription')
        context.reportError(
          new GraphQLError(
            'a subscription is sent over WebSocket (graphql-ws), or to /graphql/stream with Accept: text/event-stream',
            { nodes: node },
          ),
        );
    },
  };
}

function refuseOthers(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(node) {
      if (node.operation !== 'subscription')
        context.reportError(
          new GraphQLError(`here only subscriptions are taken: send a ${node.operation} to /graphql by POST`, {
            nodes: node,
          }),
        );
    },
  };
}

function refuseUnstorableText(context: ValidationContext): ASTVisitor {
  return {
    StringValue(node) {
      if (!isStorable(node.value)) {
        context.reportError(new GraphQLError('a text contains a NUL or half a surrogate pair', { nodes: node }));
      }
    },
  };
}
