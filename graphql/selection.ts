import type { FieldNode, FragmentDefinitionNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql';

// Parsed documents are cached, so their nodes are the same objects from request to request.
const known = new WeakMap<FieldNode, Map<string | undefined, ReadonlySet<string>>>();

/**
 * Names of the fields selected below this one, or below `within` of it (e.g. items). Conditions of
 * @skip and @include are not looked at: a column too many is read then, never one too few.
 */
export function selectedFields(info: GraphQLResolveInfo, within?: string): ReadonlySet<string> {
  const [node] = info.fieldNodes;
  // Fields that merge several nodes are rare: they are not cached.
  const cacheable = info.fieldNodes.length === 1 && node !== undefined;
  const cached = cacheable ? known.get(node)?.get(within) : undefined;
  if (cached) return cached;
  const names = new Set<string>();
  for (const fieldNode of info.fieldNodes) {
    for (const child of fieldsOf(fieldNode.selectionSet, info.fragments, new Set())) {
      if (within === undefined) names.add(child.name.value);
      else if (child.name.value === within) addAll(names, fieldsOf(child.selectionSet, info.fragments, new Set()));
    }
  }
  if (cacheable) known.set(node, new Map([...(known.get(node) ?? []), [within, names]]));
  return names;
}

function addAll(names: Set<string>, nodes: readonly FieldNode[]): void {
  for (const node of nodes) names.add(node.name.value);
}

/** Each fragment counts once: fragments that spread each other many times would be many fields, all the same. */
function fieldsOf(
  selections: SelectionSetNode | undefined,
  fragments: Readonly<Record<string, FragmentDefinitionNode | undefined>>,
  spread: Set<string>,
): FieldNode[] {
  return (selections?.selections ?? []).flatMap((selection) => {
    if (selection.kind === 'Field') return [selection];
    if (selection.kind === 'InlineFragment') return fieldsOf(selection.selectionSet, fragments, spread);
    const name = selection.name.value;
    if (spread.has(name)) return [];
    spread.add(name);
    return fieldsOf(fragments[name]?.selectionSet, fragments, spread);
  });
}
