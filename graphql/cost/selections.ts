import {
  getNamedType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type NamedTypeNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { entityUnion } from '../federation/names.js';

/** A field of the answer: all nodes that have its name, fragments expanded. */
export interface Selected {
  readonly responseName: string;
  readonly field: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
}

/** Looking at more selections than this is itself too costly: no document of a client comes near. */
const stepsMax = 100_000;

/** Those that types have without saying so. */
const metaFields: readonly GraphQLField<unknown, unknown>[] = [
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
];

/**
 * The selections of one document, expanded as an executor does it: each fragment once per place, fields of one name
 * as one. The work is bounded, however often fragments spread each other.
 */
export class Selections {
  private steps = 0;

  /** `isSelected`: leaves out what a condition of its own excludes. */
  constructor(
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    private readonly isSelected: (selection: SelectionNode) => boolean = () => true,
  ) {}

  /** Whether the document is more than can be looked at. */
  get isExhausted(): boolean {
    return this.steps > stepsMax;
  }

  of(sets: readonly SelectionSetNode[], type: GraphQLObjectType): Selected[] {
    const nodes = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const set of sets) this.collect(set, type, nodes, spread);
    const fields = type.getFields();
    return [...nodes].flatMap(([responseName, same]) => {
      const name = same[0]?.name.value ?? '';
      const field = Object.hasOwn(fields, name) ? fields[name] : metaFields.find((meta) => meta.name === name);
      return field ? [{ responseName, field, nodes: same }] : [];
    });
  }

  private collect(
    set: SelectionSetNode,
    type: GraphQLObjectType,
    nodes: Map<string, FieldNode[]>,
    spread: Set<string>,
  ): void {
    for (const selection of set.selections) {
      this.steps++;
      if (this.isExhausted) return;
      if (!this.isSelected(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const same = nodes.get(name);
        if (same) same.push(selection);
        else nodes.set(name, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (isMeant(type, selection.typeCondition)) this.collect(selection.selectionSet, type, nodes, spread);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = this.fragments.get(selection.name.value);
        if (fragment && isMeant(type, fragment.typeCondition)) this.collect(fragment.selectionSet, type, nodes, spread);
      }
    }
  }
}

/** Whether a fragment is about this type. */
function isMeant(type: GraphQLObjectType, condition: NamedTypeNode | undefined): boolean {
  const name = condition?.name.value;
  // A document that is valid asks about that union only where each of its types may be.
  return (
    name === undefined ||
    name === type.name ||
    name === entityUnion ||
    type.getInterfaces().some((one) => one.name === name)
  );
}

/** The fragments of a document by their names. */
export function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [])),
  );
}

export function objectTypeOf({ type }: GraphQLField<unknown, unknown>): GraphQLObjectType | undefined {
  const named = getNamedType(type);
  return isObjectType(named) ? named : undefined;
}
