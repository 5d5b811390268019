/**
 * Matching in time proportional to the text: all ways through the expression are followed at once
 * (Thompson 1968). JavaScript's own engine tries them one after another and can take for ever on
 * `(a|a)*b` or `.*.*.*x`, and expressions come from outside.
 */
import type { CodeRange, RegexNode } from './node.js';

type Step =
  | { kind: 'set'; negated: boolean; ranges: readonly CodeRange[]; next: number }
  | { kind: 'start' | 'end'; next: number }
  | { kind: 'split'; next: number; other: number }
  | { kind: 'accept' };

/** The tree as steps, built from the end, so that each knows where it goes next. */
export class RegexProgram {
  private readonly steps: Step[] = [{ kind: 'accept' }];
  private readonly entry: number;

  constructor(node: RegexNode) {
    this.entry = this.build(node, 0);
  }

  /** Whether the expression is found anywhere in the text. */
  test(text: string): boolean {
    let live = new Set<number>();
    let isStart = true;
    for (const character of text) {
      const point = character.codePointAt(0) as number;
      if (this.follow(this.entry, live, isStart, false)) return true;
      isStart = false;
      const advanced = new Set<number>();
      for (const index of live) {
        const step = this.steps[index] as Step;
        if (step.kind === 'set' && includes(step, point) && this.follow(step.next, advanced, false, false)) return true;
      }
      live = advanced;
    }
    // At the end of the text, the steps that wait there may go on through `$`.
    const ended = new Set<number>();
    return [this.entry, ...live].some((index) => this.follow(index, ended, isStart, true));
  }

  /** Adds all that is reached without a character; true when that is the end of the expression. */
  private follow(from: number, live: Set<number>, isStart: boolean, isEnd: boolean): boolean {
    const pending = [from];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (live.has(index)) continue;
      live.add(index);
      const step = this.steps[index] as Step;
      if (step.kind === 'accept') return true;
      if (step.kind === 'split') pending.push(step.other, step.next);
      else if ((step.kind === 'start' && isStart) || (step.kind === 'end' && isEnd)) pending.push(step.next);
    }
    return false;
  }

  private build(node: RegexNode, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.push({ kind: 'set', negated: node.negated, ranges: node.ranges, next });
      case 'start':
      case 'end':
        return this.push({ kind: node.kind, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.build(part, after), next);
      case 'choice':
        return node.branches
          .map((branch) => this.build(branch, next))
          .reduce((other, branch) => this.push({ kind: 'split', next: branch, other }));
      case 'repeat':
        return this.repeat(node, next);
    }
  }

  private repeat({ body, min, max }: Extract<RegexNode, { kind: 'repeat' }>, next: number): number {
    let entry = next;
    if (max === undefined) {
      const loop: Extract<Step, { kind: 'split' }> = { kind: 'split', next, other: next };
      entry = this.push(loop);
      loop.other = this.build(body, entry);
    } else {
      for (let count = min; count < max; count += 1)
        entry = this.push({ kind: 'split', next: this.build(body, entry), other: next });
    }
    for (let count = 0; count < min; count += 1) entry = this.build(body, entry);
    return entry;
  }

  private push(step: Step): number {
    return this.steps.push(step) - 1;
  }
}

function includes({ negated, ranges }: { negated: boolean; ranges: readonly CodeRange[] }, point: number): boolean {
  return ranges.some(([first, last]) => point >= first && point <= last) !== negated;
}
