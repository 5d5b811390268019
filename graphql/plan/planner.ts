import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  isListType,
  isNonNullType,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type SelectionSetNode,
} from 'graphql';
import { extensionAttribute } from '../../src/platform/json.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import { hiddenValue } from '../../src/platform/plan/plan.js';
import type {
  Field,
  ObjectsPlan,
  PageField,
  PageInfoField,
  PagePlan,
  Plan,
  RowPlan,
  Shape,
  Value,
  ViewPlan,
} from '../../src/platform/plan/plan.js';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';
import { objectTypeOf, type Selected, type Selections } from '../cost/selections.js';
import type { Variables } from '../cost/values.js';
import { scalarTypes } from '../naming.js';
import type { Access } from '../../src/platform/rights/visibility.js';
import { mappingOf } from '../resource-mapping.js';
import { guardOf } from '../rights/foreign.js';
import { readingOf } from '../rights/operations.js';
import { readOf, type FieldRead, type PageRead } from './field-read.js';
import { isHead, type Presentation } from './presentation.js';
import { isStoredWhole, renamedIn } from './stored-whole.js';

/** A page of a plan, by its number, with what its request is made of. */
export interface PlannedPage {
  readonly read: PageRead;
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

/** The plan of a field; undefined when it is not read by one. */
export function planField({ field, nodes }: Selected, options: PlannerOptions): PlannedField | undefined {
  const read = readOf(field);
  const type = objectTypeOf(field);
  if (read === undefined || type === undefined) return undefined;
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const builder = new PlanBuilder(options);
  switch (read.kind) {
    case 'row':
      return builder.finished(
        builder.row(mappingOf(read.target), type, sets),
        read.past && new PlanBuilder(options, new Set(read.past.absent)).row(read.past.mapping(), type, sets),
      );
    case 'page':
      return builder.finished(builder.page(read, { field, nodes }, type, undefined));
    case 'view':
      return builder.finished(builder.view(type, sets));
    default:
      return undefined;
  }
}

/**
 * The plan of objects that are there already, such as what a mutation has made; undefined when nothing has to be read for
 * them.
 */
export function planObjects(
  { field, nodes }: Selected,
  options: PlannerOptions,
): (PlannedField & { plan: ObjectsPlan }) | undefined {
  const type = objectTypeOf(field);
  if (type === undefined) return undefined;
  const builder = new PlanBuilder(options);
  const shape = builder.shape(
    type,
    nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
  );
  // Who does not see everything is shown what a write has made as a read would show it.
  if (!reads(shape) && options.access.form === '') return undefined;
  const plan = { kind: 'objects', shape } as const;
  return { ...builder.finished(plan), plan };
}

/** Whether it shows what lies in other rows. */
function reads({ fields, inlined }: Shape): boolean {
  return (
    inlined !== undefined ||
    fields.some(
      ({ value }) =>
        value.kind === 'page' ||
        value.kind === 'resource' ||
        (value.kind === 'attribute' && value.shape && reads(value.shape)),
    )
  );
}

/** What a shape lies in. */
interface Surroundings {
  readonly isView?: boolean;
  /** Values that are not stored under the names of their fields. */
  readonly special?: ReadonlyMap<string, Value>;
  readonly path?: readonly string[];
  readonly outer?: number;
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

  view(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): ViewPlan {
    this.rights.add(readingOf(type.name));
    return { kind: 'view', shape: this.shape(type, sets, { isView: true }) };
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
    const items: Shape[] = [];
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const fields = this.options.selections.of(sets, type).map((selected): PageField => {
      const { responseName: name, field, nodes } = selected;
      const inner = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      const itemType = objectTypeOf(field);
      switch (field.name) {
        case '__typename':
          return { name, value: { kind: 'constant', json: JSON.stringify(type.name) } };
        case 'totalCount':
          return {
            name,
            value: { kind: 'totalCount', isExact: nodes.some((one) => isExact(field, one, this.options.variables)) },
          };
        case 'items':
          if (itemType === undefined) throw new Error(`${type.name} has items`);
          return {
            name,
            value: { kind: 'items', index: items.push(this.shape(itemType, inner, { outer: number })) - 1 },
          };
        case 'pageInfo':
          if (itemType === undefined) throw new Error(`${type.name} has pageInfo`);
          return { name, value: { kind: 'pageInfo', fields: this.pageInfo(itemType, inner) } };
        default:
          throw new Error(`a page has no ${field.name}`);
      }
    });
    const mapping = this.reading(mappingOf(read.target));
    const { edge, asOfFunction } = read;
    return {
      kind: 'page',
      number,
      mapping: asOfFunction ? { ...mapping, asOfFunction } : mapping,
      edge,
      fields,
      items,
    };
  }

  private pageInfo(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): PageInfoField[] {
    return this.options.selections.of(sets, type).map(({ responseName: name, field }): PageInfoField => {
      if (field.name === '__typename') return { name, value: { json: JSON.stringify(type.name) } };
      return { name, value: field.name as 'hasNextPage' };
    });
  }

  shape(type: GraphQLObjectType, sets: readonly SelectionSetNode[], surroundings: Surroundings = {}): Shape {
    const { presentation, selections, access } = this.options;
    const guard = guardOf(type.name, access);
    const all = selections.of(sets, type);
    const selected = presentation ? all.filter(({ responseName }) => !isHead(responseName)) : all;
    const fields = selected.flatMap((one) =>
      this.field(one, {
        name: presentation ? presentation.nameOf(one.field.name) : one.responseName,
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
      shape: this.shape(type, sets, { path: [...path, field.name], outer }),
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
      // Names that no field has: the resolver finds its attributes there.
      return read.needs.map((attribute) => ({
        name: `@${attribute}`,
        isRequired: false,
        value: { kind: 'attribute', attribute, scalar: 'string', isList: false, isFirst: false },
      }));
    }
    const { presentation, access } = this.options;
    if (read?.kind === 'resource' && presentation) return [];
    if (type && access.rights.hidden(lowerFirst(type.name)).has(field.name))
      return presentation ? [] : [{ name, isRequired: false, value: { kind: 'constant', json: hiddenValue } }];
    const value = this.value(field, nodes, read, surroundings, type);
    return [{ name, isRequired: isNonNullType(field.type), value }];
  }

  private value(
    field: GraphQLField<unknown, unknown>,
    nodes: readonly FieldNode[],
    read: FieldRead | undefined,
    { isView, special, path = [], outer }: Surroundings,
    parent?: GraphQLObjectType,
  ): Value {
    const { presentation, collectionOf } = this.options;
    const known = special?.get(field.name);
    if (known) return known;
    if (isView && field.name === 'id') return { kind: 'id' };
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const type = objectTypeOf(field);
    if (read?.kind === 'address') return { kind: 'address', path: collectionOf(read.target.name), suffix: read.suffix };
    if (read?.kind === 'resource' && type)
      return {
        kind: 'resource',
        mapping: this.reading(mappingOf(read.target)),
        shape: this.shape(type, sets, { outer }),
      };
    if (read?.kind === 'page' && type) return { kind: 'page', page: this.page(read, { field, nodes }, type, outer) };
    if (this.absent.has(field.name) && path.length === 0 && !isView) return { kind: 'constant', json: 'null' };
    const isExtension = presentation && field.name === extensionAttribute;
    if (isExtension) return { kind: 'extension', members: presentation.membersAt([...path, field.name]) };
    const inner =
      type &&
      this.shape(type, sets, {
        path: [...path, field.name],
        outer,
        ...(read?.kind === 'parts' && { special: partsOf(read, collectionOf(read.target.name)) }),
      });
    const named = getNamedType(field.type);
    return {
      kind: 'attribute',
      attribute: field.name,
      scalar: inner ? undefined : (scalarTypes[named.name] ?? 'json'),
      isList: isListType(getNullableType(field.type)),
      isFirst: presentation !== undefined && parent !== undefined && presentation.isFirst(parent.name, field.name),
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

function isExact(field: GraphQLField<unknown, unknown>, node: FieldNode, variables: Variables): boolean {
  return getArgumentValues(field, node, variables)['exact'] === true;
}
