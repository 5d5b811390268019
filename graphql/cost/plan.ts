import {
  getNullableType,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isListType,
  isObjectType,
  Kind,
  type DocumentNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { AnyJson, JSONObject } from '../scalars.js';
import { fragmentsOf, objectTypeOf, Selections, type Selected } from './selections.js';
import { weights } from './weights.js';

/** Points that each row takes, and points that are the same however many rows there are. */
export interface Points {
  readonly perRow: number;
  readonly once: number;
}

export const zeroPoints: Points = { perRow: 0, once: 0 };

export function sum(one: Points, other: Points): Points {
  return { perRow: one.perRow + other.perRow, once: one.once + other.once };
}

/** A selection set of the answer, its fields by what they cost. */
export interface CostNode {
  /** Of the fields that no variable changes. */
  readonly fixed: Points;
  /** The fields with a selection or with a cost of their own; what no variable changes is in `fixed` already. */
  readonly parts: readonly CostPart[];
  readonly isFixed: boolean;
  /** It is one of these, whichever: it counts like that which costs most, beside what is fixed. */
  readonly anyOf?: readonly CostNode[];
}

export interface CostPart {
  readonly name: string;
  readonly own: Points;
  readonly node: CostNode;
  /** Its arguments decide how many rows it has and what is looked for. */
  readonly call: CostCall | undefined;
  /** A field of a page that has its rows: its cost is multiplied by the page's rows. */
  readonly isItems: boolean;
  /** Elements of a list that the schema itself has. */
  readonly times: number;
}

/** Arguments as they stand in the document. */
export interface CostCall {
  /** Arguments that say how many rows, of which one is given. */
  readonly limits: readonly ValueNode[];
  /** Rows when no limit is given: a page, a row for each element of the longest of these lists, or all. */
  readonly defaultRows: 'page' | 'all' | readonly ValueNode[];
  readonly filter: ValueNode | undefined;
  readonly order: ValueNode | undefined;
}

export interface CostPlan {
  readonly root: CostNode;
  /** Variables that stand for filters: they are counted where they are used. */
  readonly filterVariables: ReadonlySet<string>;
  /** It spreads its fragments more often than can be looked at. */
  readonly isEndless: boolean;
}

/** The part of an operation's cost that its document alone determines. Its fields must be those of the schema. */
export function costPlanOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): CostPlan {
  const builder = new Builder(new Selections(fragmentsOf(document)), schema);
  const type = schema.getRootType(operation.operation);
  const root = type ? builder.nodeOf([operation.selectionSet], type, rootPoints) : noFields;
  return { root, filterVariables: builder.filterVariables, isEndless: builder.isEndless };
}

const noFields: CostNode = { fixed: zeroPoints, parts: [], isFixed: true };

class Builder {
  readonly filterVariables = new Set<string>();
  /** Memoised, or nested fragments would expand exponentially. */
  private readonly known = new Map<string, CostNode>();
  private readonly ids = new Map<SelectionSetNode, number>();

  constructor(
    private readonly selections: Selections,
    private readonly schema: GraphQLSchema,
  ) {}

  get isEndless(): boolean {
    return this.selections.isExhausted;
  }

  nodeOf(
    sets: readonly SelectionSetNode[],
    type: GraphQLObjectType,
    ownOf: (selected: Selected) => Points = fieldPoints,
  ): CostNode {
    const key = `${type.name} ${sets.map((set) => this.idOf(set)).join(' ')}`;
    const known = this.known.get(key);
    if (known) return known;
    const parts: CostPart[] = [];
    const seen = new Set<string>();
    let fixed = zeroPoints;
    for (const selected of this.selections.of(sets, type)) {
      const again = seen.has(selected.field.name) && isOpenValue(selected.field) ? weights.jsonAgain : 0;
      seen.add(selected.field.name);
      const part = this.partOf(selected, type, sum(ownOf(selected), { perRow: again, once: 0 }));
      if (isFixed(part)) fixed = sum(fixed, fixedPoints(part));
      if (part.node !== noFields || !isFixed(part)) parts.push(part);
    }
    const node = { fixed, parts, isFixed: parts.every(isFixed) };
    this.known.set(key, node);
    return node;
  }

  /** What may be of several types. */
  private anyOf(sets: readonly SelectionSetNode[], type: GraphQLAbstractType, isList: boolean): CostNode {
    const nodes = this.schema.getPossibleTypes(type).map((possible) => this.nodeOf(sets, possible));
    const fixed = isList ? { perRow: weights.join, once: 0 } : zeroPoints;
    return { fixed, parts: [], isFixed: false, anyOf: nodes };
  }

  private partOf({ responseName, field, nodes }: Selected, parent: GraphQLObjectType, own: Points): CostPart {
    const type = getNamedType(field.type);
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const call = this.callOf(field, nodes[0]?.arguments ?? []);
    const isItems = rowFields.has(field.name) && itemsOf(parent) !== undefined;
    const times = parent.name.startsWith('__') ? this.timesInSchema(field) : 1;
    const mapping = { name: responseName, own, call, isItems, times };
    if (isAbstractType(type))
      return { ...mapping, node: this.anyOf(sets, type, isListType(getNullableType(field.type))) };
    return { ...mapping, node: isObjectType(type) ? this.nodeOf(sets, type) : noFields };
  }

  private callOf(
    field: GraphQLField<unknown, unknown>,
    given: readonly { name: { value: string }; value: ValueNode }[],
  ): CostCall | undefined {
    if (field.args.length === 0) return undefined;
    const values = new Map(given.map(({ name, value }) => [name.value, value]));
    const type = objectTypeOf(field);
    const isPage = type !== undefined && itemsOf(type) !== undefined;
    const isList = isListType(getNullableType(field.type));
    const filter = values.get('filter');
    if (!isPage && !isList && filter === undefined) return undefined;
    if (filter) this.noteVariables(filter);
    const lists = field.args.flatMap(({ name, type }) =>
      isListType(getNullableType(type)) ? (values.get(name) ?? []) : [],
    );
    const defaultRows = isPage ? 'page' : field.args.some(({ name }) => name === 'limit') ? 'all' : lists;
    const limits = ['limit', 'first', 'last'].flatMap((name) => values.get(name) ?? []);
    return { limits, defaultRows, filter, order: values.get('orderBy') };
  }

  private noteVariables(value: ValueNode): void {
    if (value.kind === Kind.VARIABLE) this.filterVariables.add(value.name.value);
    else if (value.kind === Kind.LIST) for (const one of value.values) this.noteVariables(one);
    else if (value.kind === Kind.OBJECT) for (const one of value.fields) this.noteVariables(one.value);
  }

  private timesInSchema(field: GraphQLField<unknown, unknown>): number {
    if (!isListType(getNullableType(field.type))) return 1;
    return field.name === 'types' ? Object.keys(this.schema.getTypeMap()).length : weights.schemaList;
  }

  private idOf(set: SelectionSetNode): number {
    const id = this.ids.get(set) ?? this.ids.size;
    this.ids.set(set, id);
    return id;
  }
}

/** Whether no variable changes what it costs: then it is counted with the node it stands in. */
export function isFixed({ call, node, isItems }: CostPart): boolean {
  return call === undefined && node.isFixed && !isItems;
}

function fixedPoints({ own, node, times }: CostPart): Points {
  return { perRow: own.perRow + times * node.fixed.perRow, once: own.once + node.fixed.once };
}

/** Fields of a page that have its rows. */
const rowFields: ReadonlySet<string> = new Set(['items', 'nodes', 'edges']);

/** The rows of a page type. */
function itemsOf(type: GraphQLObjectType): GraphQLField<unknown, unknown> | undefined {
  const { items, pageInfo } = type.getFields();
  return pageInfo === undefined ? undefined : items;
}

/** What a field takes by itself. */
function fieldPoints({ field, nodes }: Selected): Points {
  const type = objectTypeOf(field);
  if (type && itemsOf(type)) return { perRow: weights.parent, once: weights.list + complexityOf(field) };
  if (field.name === 'totalCount') {
    const isExact = nodes.some((node) =>
      node.arguments?.some(({ value }) => value.kind !== Kind.BOOLEAN || value.value),
    );
    return { perRow: weights.parent, once: isExact ? weights.exactCount : weights.count };
  }
  return { perRow: weights.field + complexityOf(field), once: 0 };
}

function rootPoints(selected: Selected): Points {
  const { field } = selected;
  if (field.name === '__typename') return { perRow: weights.field, once: 0 };
  if (field.name.startsWith('__')) return { perRow: weights.introspection, once: 0 };
  const isOne = isCompositeType(getNullableType(field.type));
  return sum(fieldPoints(selected), { perRow: weights.root + (isOne ? weights.join : 0), once: 0 });
}

/** The cost that its resolver declares, where it does more than return a value. */
function complexityOf({ extensions }: GraphQLField<unknown, unknown>): number {
  const { complexity } = extensions;
  return typeof complexity === 'number' ? complexity : 0;
}

const openValues: readonly string[] = [JSONObject.name, AnyJson.name];

/** A value of any structure and size. */
function isOpenValue({ type }: GraphQLField<unknown, unknown>): boolean {
  return openValues.includes(getNamedType(type).name);
}
