import type { Attributes, AttributeType } from '../src/platform/filter/tree/attribute-type.js';
import type { Filter, OrderKey } from '../src/platform/filter/tree/filter.js';
import { stepInto } from '../src/platform/filter/tree/resolve.js';

/** What there is of a filter, counted as if it were written as a filter input. */
export interface FilterMeasure {
  /** Objects and lists. */
  containers: number;
  /** Operands by their names: those of `eq`, `isNull`, `path`, ... */
  operands: number;
  /** Values in the lists of `in` and `nin`. */
  listed: number;
  /** Conditions as CLAUSES_MAX counts them. */
  clauses: number;
  /** Objects and lists nested in each other, from 0. */
  depth: number;
  /** The regular expressions. */
  expressions: string[];
}

/**
 * A filter that a transport has parsed from its own language. It stands in a variable for the filter input that it
 * prints as, and the list that takes it as its argument gets the tree as it is.
 */
export class ParsedFilter {
  private measured: FilterMeasure | undefined;

  /**
   * @param attributes those of the resource that is filtered
   * @param print the same filter as a value of the filter input, for whoever is shown the variables
   */
  constructor(
    readonly tree: Filter,
    private readonly attributes: Attributes,
    private readonly print: (tree: Filter) => unknown,
  ) {}

  get measure(): FilterMeasure {
    if (this.measured === undefined) {
      this.measured = { containers: 0, operands: 0, listed: 0, clauses: 0, depth: 0, expressions: [] };
      addTo(this.measured, this.tree, { kind: 'object', attributes: () => this.attributes }, 0);
    }
    return this.measured;
  }

  /** The rows of this filter for which the other holds, too. */
  and(other: Filter): ParsedFilter {
    return new ParsedFilter({ kind: 'and', filters: [this.tree, other] }, this.attributes, this.print);
  }

  toJSON(): unknown {
    return this.print(this.tree);
  }
}

/** The order of a list, parsed like a filter. */
export class ParsedOrder {
  /** @param print the same order as a value of `orderBy` */
  constructor(
    readonly keys: readonly OrderKey[],
    private readonly print: (keys: readonly OrderKey[]) => unknown,
  ) {}

  /** JSON values in what it prints as: the list, and of each key the direction and an object for each name. */
  get values(): number {
    return this.keys.reduce((sum, { path }) => sum + path.length + 1, 1);
  }

  toJSON(): unknown {
    return this.print(this.keys);
  }
}

function addTo(measure: FilterMeasure, filter: Filter, type: AttributeType, depth: number): void {
  const open = (containers: number): void => {
    measure.containers += containers;
    measure.depth = Math.max(measure.depth, depth + containers - 1);
  };
  switch (filter.kind) {
    case 'and':
    case 'or':
      // `and` of nothing always holds, which is written { not: { or: [] } }.
      open(filter.kind === 'and' && filter.filters.length === 0 ? 3 : 2);
      for (const part of filter.filters) addTo(measure, part, type, depth + 2);
      return;
    case 'not':
      open(1);
      addTo(measure, filter.filter, type, depth + 1);
      return;
    case 'some':
    case 'none': {
      const { names, reached } = walk(type, filter.path);
      open(names + 1);
      addTo(measure, filter.filter, reached.kind === 'list' ? reached.element : reached, depth + names + 1);
      return;
    }
    default: {
      const { names } = walk(type, filter.path);
      const operands = names < filter.path.length ? 2 : 1;
      open(names + 1);
      measure.clauses += operands;
      if (filter.kind === 'compareList') {
        measure.containers += 1;
        measure.operands += operands - 1;
        measure.listed += filter.values.length;
      } else measure.operands += operands;
      if (filter.kind === 'compare' && filter.operator === 'regex') measure.expressions.push(String(filter.value));
    }
  }
}

/** How many names of the path are attributes; what follows lies in a JSON value, and is one dotted operand. */
function walk(type: AttributeType, path: readonly string[]): { names: number; reached: AttributeType } {
  let reached = type;
  for (const [index, name] of path.entries()) {
    if (reached.kind === 'scalar') return { names: index, reached };
    reached = stepInto(reached, name) ?? reached;
  }
  return { names: path.length, reached };
}
