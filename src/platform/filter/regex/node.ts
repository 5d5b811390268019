/** A regular expression of the restricted syntax as a tree. */
export type RegexNode =
  /** One character, by code point. */
  | { kind: 'set'; negated: boolean; ranges: readonly CodeRange[] }
  | { kind: 'start' }
  | { kind: 'end' }
  | { kind: 'sequence'; parts: readonly RegexNode[] }
  | { kind: 'choice'; branches: readonly RegexNode[] }
  /** Without a maximum it is unbounded. */
  | { kind: 'repeat'; body: RegexNode; min: number; max: number | undefined };

/** First and last code point. */
export type CodeRange = readonly [first: number, last: number];

export const CODE_POINT_MAX = 0x10ffff;

/** The characters that are in none of the ranges. NUL is in no text of ours. */
export function complement(ranges: readonly CodeRange[]): CodeRange[] {
  const result: CodeRange[] = [];
  let next = 1;
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (first > next) result.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= CODE_POINT_MAX) result.push([next, CODE_POINT_MAX]);
  return result;
}

export function hasNode(node: RegexNode, test: (node: RegexNode) => boolean): boolean {
  if (test(node)) return true;
  if (node.kind === 'sequence') return node.parts.some((part) => hasNode(part, test));
  if (node.kind === 'choice') return node.branches.some((branch) => hasNode(branch, test));
  return node.kind === 'repeat' && hasNode(node.body, test);
}

export function isUnbounded(node: RegexNode): boolean {
  return node.kind === 'repeat' && node.max === undefined;
}

/** How many nodes it comes to with its repeats written out. */
export function countStates(node: RegexNode): number {
  switch (node.kind) {
    case 'sequence':
      return 1 + node.parts.reduce((sum, part) => sum + countStates(part), 0);
    case 'choice':
      return 1 + node.branches.reduce((sum, branch) => sum + countStates(branch), 0);
    case 'repeat':
      return 1 + Math.max(node.max ?? node.min + 1, 1) * countStates(node.body);
    default:
      return 1;
  }
}
