import {
  getNamedType,
  getNullableType,
  isListType,
  isNonNullType,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { extensionAttribute } from '../../src/platform/json.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import { hiddenValue, readsRows } from '../../src/platform/plan/plan.js';
import type { Field, ObjectsPlan, PagePlan, Plan, RowPlan, Shape, Value } from '../../src/platform/plan/plan.js';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';
import { objectTypeOf, type Selected, type Selections } from '../cost/selections.js';
import type { Variables } from '../cost/values.js';
import { resourceNamed } from '../attribute.js';
import { attributeOfField, scalarTypeNamed } from '../naming.js';
import type { Access } from '../../src/platform/rights/visibility.js';
import { mappingOf } from '../resource-mapping.js';
import { guardOf } from '../rights/foreign.js';
import { readingOf } from '../rights/operations.js';
import { nodePrefix } from '../node/node-id.js';
import { readOf, type FieldRead, type PageRead, type StandingRead } from './field-read.js';
import { nodeNamed } from './node.js';
import { belowHidden, valueBelow } from './below.js';
import { pageParts } from './page-parts.js';
import { isHead, type Presentation } from './presentation.js';
import { isStoredWhole, renamedIn } from './stored-whole.js';

/** A page of a plan, or what stood at an instant, by its number, with what its request is made of. */
export interface PlannedPage {
  readonly read: PageRead | StandingRead;
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** The number of the page that it lies in; undefined: it lies in one object. */
  readonly outer: number | undefined;
}

/** A field of the root as a plan. */
export interface PlannedField {
  readonly plan: Plan;
  /** The same as it was earlier, for fields that can answer that. */
  readonly past: RowPlan | undefined;
  /** By their numbers. */
  readonly pages: readonly PlannedPage[];
  /** No resolver has anything to add. */
  readonly isWhole: boolean;
  /** The rights that it takes, e.g. bucket:read. */
  readonly rights: readonly string[];
}

export interface PlannerOptions {
  readonly schema: GraphQLSchema;
  readonly selections: Selections;
  /** The path of the collection of a resource in TMF REST. */
  readonly collectionOf: (typeName: string) => string;
  /** Values of the variables that decide what is selected, see structuralVariables. */
  readonly variables: Variables;
  /** Absent: as GraphQL has it. */
  readonly presentation: Presentation | undefined;
  /** What the caller does not see. */
  readonly access: Access;
}

/** The plan of a field; undefined when it is not read by one. Throws INVALID_QUERY where it asks for a node that there cannot be. */
export function planField({ field, nodes }: Selected, options: PlannerOptions): PlannedField | undefined {
  const read = readOf(field);
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const builder = new PlanBuilder(options);
  if (read?.kind === 'node')
    return planResource(nodeNamed(field, nodes[0] as FieldNode, options).type, { nodes }, options);
  const type = objectTypeOf(field);
  if (read === undefined || type === undefined) return undefined;
  switch (read.kind) {
    case 'row':
      return builder.finished(
        builder.row(mappingOf(read.target), type, sets),
        read.past && new PlanBuilder(options, new Set(read.past.absent)).row(read.past.mapping(), type, sets),
      );
    case 'page':
      return builder.finished(builder.page(read, { field, nodes }, type, undefined));
    default:
      return undefined;
  }
}

/** The plan of a field that answers a resource of this type. */
export function planResource(
  type: GraphQLObjectType,
  { nodes }: Pick<Selected, 'nodes'>,
  options: PlannerOptions,
): PlannedField & { plan: RowPlan } {
  const builder = new PlanBuilder(options);
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const plan = builder.row(mappingOf(resourceNamed(lowerFirst(type.name))), type, sets);
  return { ...builder.finished(plan), plan };
}

/**
 * The plan of objects that are there already, such as what a mutation has made; undefined when nothing has to be read for
 * them.
 * @param type of the objects, where the field may have several
 */
export function planObjects(
  { field, nodes }: Selected,
  options: PlannerOptions,
  type = objectTypeOf(field),
): (PlannedField & { plan: ObjectsPlan }) | undefined {
  if (type === undefined) return undefined;
  const builder = new PlanBuilder(options);
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const read = readOf(field);
  const hiddenAs = read?.kind === 'resolver' ? read.rowsOf?.name : undefined;
  const shape = builder.shape(type, sets, { hiddenAs, isAnswer: true });
  // Who does not see everything is shown what a write has made as a read would show it.
  if (!readsRows(shape) && options.access.form === '') return undefined;
  const plan = { kind: 'objects', shape } as const;
  return { ...builder.finished(plan), plan };
}

/** What a shape lies in. */
interface Surroundings {
  /** Values that are not stored under the names of their fields. */
  readonly special?: ReadonlyMap<string, Value>;
  readonly path?: readonly string[];
  readonly outer?: number;
  /** The type whose hidden attributes are hidden here, where that is another one. */
  readonly hiddenAs?: string | undefined;
  /** It is what a write has answered. */
  readonly isAnswer?: boolean;
}

class PlanBuilder {
  private readonly pages: PlannedPage[] = [];
  private readonly rights = new Set<string>();
  private isWhole = true;

  /** `absent`: attributes of the row that are null. */
  constructor(
    private readonly options: PlannerOptions,
    private readonly absent: ReadonlySet<string> = new Set(),
  ) {}

  finished(plan: Plan, past?: RowPlan): PlannedField {
    return { plan, past, pages: this.pages, isWhole: this.isWhole, rights: [...this.rights] };
  }

  /** Notes that a resource is read. */
  private reading(mapping: ResourceMapping): ResourceMapping {
    this.rights.add(readingOf(mapping.name));
    return mapping;
  }

  row(mapping: ResourceMapping, type: GraphQLObjectType, sets: readonly SelectionSetNode[]): RowPlan {
    this.reading(mapping);
    if (!this.options.presentation) return { kind: 'row', mapping, shape: this.shape(type, sets) };
    const shape = this.shape(type, sets);
    const head = this.options.selections
      .of(sets, type)
      .filter(({ responseName }) => isHead(responseName))
      .flatMap((selected) => this.field(selected, { name: selected.responseName, surroundings: {} }));
    return { kind: 'row', mapping, shape, head: { fields: head } };
  }

  page(
    read: PageRead,
    { field, nodes }: Pick<Selected, 'field' | 'nodes'>,
    type: GraphQLObjectType,
    outer: number | undefined,
  ): PagePlan {
    const [node] = nodes;
    if (node === undefined) throw new Error('a field has a node');
    const number = this.pages.push({ read, field, node, outer }) - 1;
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    // Of groups nothing is hidden: they are made of what is not.
    const hiddenAs = read.grouped ? undefined : read.target.name;
    const parts = pageParts(type, sets, this.options, number, (rowType, inner) =>
      this.shape(rowType, inner, { outer: number, hiddenAs }),
    );
    const mapping = this.reading(mappingOf(read.target));
    const { edge, asOfFunction, grouped } = read;
    return {
      kind: 'page',
      number,
      mapping: grouped?.mapping ?? (asOfFunction ? { ...mapping, asOfFunction } : mapping),
      ...(grouped && { groups: grouped.groups }),
      edge,
      ...parts,
    };
  }

  /** What is hidden of the object is hidden of how it stood. */
  private standing(
    read: StandingRead,
    { field, nodes }: Pick<Selected, 'field' | 'nodes'>,
    { type, parent }: { type: GraphQLObjectType; parent: GraphQLObjectType | undefined },
    outer: number | undefined,
  ): Value {
    const number = this.pages.push({ read, field, node: nodes[0] as FieldNode, outer }) - 1;
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return { kind: 'standing', number, rows: read.rows(), shape: this.shape(type, sets, { hiddenAs: parent?.name }) };
  }

  shape(type: GraphQLObjectType, sets: readonly SelectionSetNode[], surroundings: Surroundings = {}): Shape {
    const { presentation, selections, access } = this.options;
    const guard = guardOf(type.name, access);
    const all = selections.of(sets, type);
    const selected = presentation ? all.filter(({ responseName }) => !isHead(responseName)) : all;
    const fields = selected.flatMap((one) =>
      this.field(one, {
        name: presentation ? presentation.nameOf(attributeOfField(one.field)) : one.responseName,
        surroundings,
        type,
      }),
    );
    const guarded = guard && { guard };
    if (!presentation) return { fields, ...guarded };
    const target = selected.find(({ field }) => readOf(field)?.kind === 'resource');
    return {
      fields,
      ...guarded,
      ...(target && { inlined: this.inlined(target, surroundings) }),
      ...(!target &&
        !guard &&
        isStoredWhole(type, selected, fields) && { whole: { renamed: renamedIn(type, fields, presentation) } }),
    };
  }

  private inlined({ field, nodes }: Selected, { path = [], outer }: Surroundings): NonNullable<Shape['inlined']> {
    const read = readOf(field);
    const type = objectTypeOf(field);
    if (read?.kind !== 'resource' || type === undefined) throw new Error(`${field.name} refers to nothing`);
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return {
      mapping: this.reading(mappingOf(read.target)),
      shape: this.shape(type, sets, { path: [...path, attributeOfField(field)], outer }),
    };
  }

  /** A field of an object as part of its shape; nothing where it is told in another way. */
  private field(
    { field, nodes }: Selected,
    { name, surroundings, type }: { name: string; surroundings: Surroundings; type?: GraphQLObjectType },
  ): Field[] {
    if (field.name === '__typename')
      return [{ name, isRequired: true, value: { kind: 'constant', json: JSON.stringify(type?.name) } }];
    const read = readOf(field);
    if (read?.kind === 'resolver') {
      this.isWhole = false;
      if (read.rowsOf) this.reading(mappingOf(read.rowsOf));
      // Names that no field has: the resolver finds its attributes there.
      return read.needs.map((attribute) => ({
        name: `@${attribute}`,
        isRequired: false,
        value: { kind: 'attribute', attribute, scalar: 'string', isList: false, isFirst: false },
      }));
    }
    const { presentation, access } = this.options;
    if (read?.kind === 'resource' && presentation) return [];
    const hidden = type && access.rights.hidden(lowerFirst(surroundings.hiddenAs ?? type.name));
    if (
      hidden?.has(attributeOfField(field)) ||
      ((read?.kind === 'sums' || read?.kind === 'first') && belowHidden(read, access.rights))
    )
      return presentation ? [] : [{ name, isRequired: false, value: { kind: 'constant', json: hiddenValue } }];
    if (read?.kind === 'toldOnce' && !surroundings.isAnswer)
      return [{ name, isRequired: false, value: { kind: 'absent' } }];
    const value = this.value(field, nodes, read, surroundings, type);
    return [{ name, isRequired: isNonNullType(field.type), value }];
  }

  private value(
    field: GraphQLField<unknown, unknown>,
    nodes: readonly FieldNode[],
    read: FieldRead | undefined,
    { special, path = [], outer }: Surroundings,
    parent?: GraphQLObjectType,
  ): Value {
    const { presentation, collectionOf } = this.options;
    const attribute = attributeOfField(field);
    const known = special?.get(attribute);
    if (known) return known;
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const type = objectTypeOf(field);
    if (read?.kind === 'address') return { kind: 'address', path: collectionOf(read.target.name), suffix: read.suffix };
    if (read?.kind === 'nodeId') return { kind: 'opaqueId', prefix: nodePrefix(read.typeName) };
    if (read?.kind === 'resource' && type)
      return {
        kind: 'resource',
        mapping: this.reading(mappingOf(read.target)),
        by: read.by ?? ['id'],
        shape: this.shape(type, sets, { outer }),
      };
    if ((read?.kind === 'first' || read?.kind === 'sums') && type)
      return valueBelow(read, this.shape(type, sets, { outer }), (target) => this.reading(mappingOf(target)));
    if (read?.kind === 'page' && type) return { kind: 'page', page: this.page(read, { field, nodes }, type, outer) };
    if (read?.kind === 'standing' && type) return this.standing(read, { field, nodes }, { type, parent }, outer);
    if (this.absent.has(attribute) && path.length === 0) return { kind: 'constant', json: 'null' };
    const isExtension = presentation && attribute === extensionAttribute;
    if (isExtension) return { kind: 'extension', members: presentation.membersAt([...path, attribute]) };
    const inner =
      type &&
      this.shape(type, sets, {
        path: [...path, attribute],
        outer,
        ...(read?.kind === 'parts' && { special: partsOf(read, collectionOf(read.target.name)) }),
      });
    const named = getNamedType(field.type);
    return {
      kind: 'attribute',
      attribute,
      scalar: inner ? undefined : (scalarTypeNamed(named) ?? 'json'),
      isList: isListType(getNullableType(field.type)),
      isFirst: presentation !== undefined && parent !== undefined && presentation.isFirst(parent.name, attribute),
      ...(inner && { shape: inner }),
    };
  }
}

function partsOf(
  { attribute, parts }: Extract<FieldRead, { kind: 'parts' }>,
  path: string,
): ReadonlyMap<string, Value> {
  return new Map([[attribute, { kind: 'partAddress', path, parts, attribute }]]);
}
