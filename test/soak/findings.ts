const shownMax = 20;

/** What is wrong; a run without any is good. */
export class Findings {
  readonly all = new Map<string, { count: number; examples: string[] }>();

  constructor(private readonly isShared: boolean) {}

  /** What is wrong on a machine that has nothing else to do; on one that is shared it is no more than said. */
  addOfPace(what: string, example: string): void {
    if (!this.isShared) this.add(what, example);
    else process.stdout.write(`slow: ${what}: ${example}\n`);
  }

  add(what: string, example = ''): void {
    const found = this.all.get(what) ?? { count: 0, examples: [] };
    this.all.set(what, found);
    found.count += 1;
    if (example !== '' && found.examples.length < shownMax) found.examples.push(example);
    if (found.count <= 3) process.stdout.write(`WRONG: ${what}${example && `: ${example}`}\n`);
  }

  get isEmpty(): boolean {
    return this.all.size === 0;
  }

  print(): void {
    for (const [what, { count, examples }] of this.all)
      process.stdout.write(`WRONG (${count}): ${what}\n${examples.map((example) => `  ${example}\n`).join('')}`);
  }
}
