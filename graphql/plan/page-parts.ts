import {
  getArgumentValues,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type SelectionSetNode,
} from 'graphql';
import type { Field, PageField, PageInfoField, PagePlan, Shape, Value } from '../../src/platform/plan/plan.js';
import { objectTypeOf } from '../cost/selections.js';
import type { Variables } from '../cost/values.js';
import type { PlannerOptions } from './planner.js';

/**
 * What is told of a page.
 * @param number of the page
 * @param shapeOf what is shown of its rows
 */
export function pageParts(
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
  { selections, variables }: Pick<PlannerOptions, 'selections' | 'variables'>,
  number: number,
  shapeOf: (type: GraphQLObjectType, sets: readonly SelectionSetNode[]) => Shape,
): Pick<PagePlan, 'fields' | 'items'> {
  const items: Shape[] = [];
  const fields = selections.of(sets, type).map(({ responseName: name, field, nodes }): PageField => {
    if (field.name === '__typename') return { name, value: { kind: 'constant', json: JSON.stringify(type.name) } };
    if (field.name === 'totalCount')
      return { name, value: { kind: 'totalCount', isExact: nodes.some((one) => isExact(field, one, variables)) } };
    const inner = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const itemType = objectTypeOf(field);
    if (itemType === undefined) throw new Error(`a page has no ${field.name}`);
    switch (field.name) {
      case 'edges':
        return { name, value: { kind: 'items', index: items.push(edge(itemType, inner)) - 1 } };
      case 'items':
      case 'nodes':
        return { name, value: { kind: 'items', index: items.push(shapeOf(itemType, inner)) - 1 } };
      case 'pageInfo':
        return { name, value: { kind: 'pageInfo', fields: pageInfo(itemType, inner) } };
      default:
        throw new Error(`a page has no ${field.name}`);
    }
  });
  return { fields, items };

  /** A row with its cursor: what is shown of it is text beside that of the items, of the same rows. */
  function edge(edgeType: GraphQLObjectType, inner: readonly SelectionSetNode[]): Shape {
    const shown = selections.of(inner, edgeType).map(({ responseName: name, field, nodes }): Field => {
      const rowType = objectTypeOf(field);
      const value: Value = rowType
        ? {
            kind: 'itself',
            shape: shapeOf(
              rowType,
              nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
            ),
          }
        : field.name === 'cursor'
          ? { kind: 'cursor', number }
          : { kind: 'constant', json: JSON.stringify(edgeType.name) };
      return { name, isRequired: true, value };
    });
    return { fields: shown };
  }

  function pageInfo(infoType: GraphQLObjectType, inner: readonly SelectionSetNode[]): PageInfoField[] {
    return selections.of(inner, infoType).map(({ responseName: name, field }): PageInfoField => {
      if (field.name === '__typename') return { name, value: { json: JSON.stringify(infoType.name) } };
      return { name, value: field.name as 'hasNextPage' };
    });
  }
}

function isExact(field: GraphQLField<unknown, unknown>, node: FieldNode, variables: Variables): boolean {
  return getArgumentValues(field, node, variables)['exact'] === true;
}
