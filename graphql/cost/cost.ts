import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { DomainError } from '../../src/platform/errors.js';
import { listVariablesOf, longListOf, type ListVariable } from './long-lists.js';
import {
  costPlanOf,
  isFixed,
  sum,
  type CostCall,
  type CostNode,
  type CostPart,
  type CostPlan,
  type Points,
} from './plan.js';
import { filterPoints, inputPoints, integerOf, lengthOf, type Variables } from './values.js';
import { weights } from './weights.js';

export interface CostLimits {
  /** Points of one operation at most. */
  readonly costMax: number;
  readonly pageSizeDefault: number;
  readonly pageSizeMax: number;
}

export interface Cost {
  readonly points: number;
  /** OPERATION_TOO_COSTLY, when it must not run: it names the part that costs most. Or INVALID_ATTRIBUTE, of a list that is too long. */
  readonly refusal: DomainError | undefined;
}

/** Costs operations before they run; what depends on their document alone is kept with it. */
export class Costs {
  private readonly known = new WeakMap<OperationDefinitionNode, { plan: CostPlan; lists: readonly ListVariable[] }>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly limits: CostLimits,
  ) {}

  of(document: DocumentNode, operation: OperationDefinitionNode, variables: Variables): Cost {
    let known = this.known.get(operation);
    if (known === undefined) {
      known = { plan: costPlanOf(this.schema, document, operation), lists: listVariablesOf(this.schema, operation) };
      this.known.set(operation, known);
    }
    const { plan, lists } = known;
    if (plan.isEndless)
      return {
        points: pointsMax,
        refusal: tooCostly(pointsMax, this.limits, 'its fragments, which spread each other'),
      };
    const counted = new OperationCost(plan, variables, this.limits);
    const points = Math.min(Math.round(counted.points), pointsMax);
    const refusal =
      points > this.limits.costMax ? tooCostly(points, this.limits, counted.heaviest()) : longListOf(lists, variables);
    return { points, refusal };
  }
}

/** JSON keeps no larger number exactly. */
const pointsMax = Number.MAX_SAFE_INTEGER;

function tooCostly(points: number, { costMax }: CostLimits, part: string): DomainError {
  return new DomainError(
    'OPERATION_TOO_COSTLY',
    `the operation costs ${points === pointsMax ? 'more than can be counted' : `${points} points`}, the limit OPERATION_COST_MAX is ${costMax}; most of it: ${part}. Ask for fewer rows (limit), fields or conditions, or in several operations`,
  );
}

/** One operation with its variables. */
class OperationCost {
  readonly points: number;
  private readonly inputs: number;
  private readonly known = new Map<CostNode, Map<number, Points>>();

  constructor(
    private readonly plan: CostPlan,
    private readonly variables: Variables,
    private readonly limits: CostLimits,
  ) {
    this.inputs = this.inputsOf();
    this.points = total(this.ofNode(plan.root, 1)) + this.inputs;
  }

  /** The way to the part that makes up most of the cost, as far down as one part does. */
  heaviest(): string {
    if (this.inputs > this.points / 2) return `the variables (${this.inputs})`;
    const path: string[] = [];
    let node: CostNode | undefined = this.plan.root;
    let [rows, parents, points] = [1, 1, this.points];
    while (node) {
      if (node.anyOf) node = this.dearestOf(node.anyOf);
      const shares: { part: CostPart; share: number; own: Points }[] = node.parts.map((part) => {
        const own = this.ofPart(part, rows);
        return { part, own, share: parents * own.perRow + own.once };
      });
      const most = shares.sort((one, other) => other.share - one.share)[0];
      // Below this no single part is the reason.
      if (most === undefined || most.share < points / 2) {
        if (most && path.length === 0)
          return `${node.parts.length} fields of the root, such as ${most.part.name} (${Math.round(most.share)})`;
        break;
      }
      path.push(most.part.name);
      points = most.share;
      parents *= most.part.isItems ? rows : most.part.times;
      rows = most.part.call ? this.rowsOf(most.part.call) : 1;
      node = most.part.node;
    }
    return `${path.join('.') || 'its fields'} (${Math.round(points)})`;
  }

  /** `rows`: of the page whose fields these are. */
  private ofNode(node: CostNode, rows: number): Points {
    if (node.isFixed) return node.fixed;
    if (node.anyOf) return sum(node.fixed, this.ofNode(this.dearestOf(node.anyOf), rows));
    const known = this.known.get(node) ?? new Map<number, Points>();
    this.known.set(node, known);
    let points = known.get(rows);
    if (points === undefined) {
      points = node.parts.reduce((all, part) => (isFixed(part) ? all : sum(all, this.ofPart(part, rows))), node.fixed);
      known.set(rows, points);
    }
    return points;
  }

  private dearestOf(nodes: readonly CostNode[]): CostNode {
    const costs = nodes.map((node) => total(this.ofNode(node, 1)));
    return nodes[costs.indexOf(Math.max(...costs))] as CostNode;
  }

  private ofPart({ own, node, call, isItems, times }: CostPart, rows: number): Points {
    const inner = this.ofNode(node, call ? this.rowsOf(call) : 1);
    if (isItems) return { perRow: own.perRow + rows * (weights.row + inner.perRow), once: own.once + inner.once };
    const asked = call && call.defaultRows !== 'page' ? this.rowsOf(call) : times;
    return {
      perRow: own.perRow + asked * inner.perRow,
      once: own.once + inner.once + (call ? this.searchPoints(call) : 0),
    };
  }

  private rowsOf({ limits, defaultRows }: CostCall): number {
    const { pageSizeDefault, pageSizeMax } = this.limits;
    const asked = limits.flatMap((limit) => integerOf(limit, this.variables) ?? []);
    // A larger limit, or a second one, is refused later, when the page is read; limit 0 costs one row.
    if (asked.length > 0) return Math.min(Math.max(...asked, 1), pageSizeMax);
    if (defaultRows === 'page') return pageSizeDefault;
    if (defaultRows === 'all') return pageSizeMax;
    return Math.max(1, ...defaultRows.map((list) => lengthOf(list, this.variables)));
  }

  /** Points of finding and ordering the rows, however many there are. */
  private searchPoints({ filter, order }: CostCall): number {
    const conditions = filter ? filterPoints(filter, this.variables, this.limits.costMax) : 0;
    return conditions + weights.orderKey * lengthOf(order, this.variables);
  }

  private inputsOf(): number {
    let points = 0;
    for (const [name, value] of Object.entries(this.variables)) {
      if (points > this.limits.costMax) break;
      if (!this.plan.filterVariables.has(name)) points += inputPoints(value, this.limits.costMax);
    }
    return points;
  }
}

function total({ perRow, once }: Points): number {
  return perRow + once;
}
