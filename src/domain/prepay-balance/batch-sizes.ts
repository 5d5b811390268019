/** How many batches were run, by how many there were in them. */
export class BatchSizes {
  /** At n those of 2^n and more, but fewer than 2^(n+1). */
  private readonly counts: number[] = [];

  count(size: number): void {
    const power = Math.floor(Math.log2(size));
    this.counts[power] = (this.counts[power] ?? 0) + 1;
  }

  /** `{ '1': 12, '2-3': 4, '4-7': 1 }`. */
  bySize(): Record<string, number> {
    const sizes = this.counts.map((count, power): [string, number] => [
      power === 0 ? '1' : `${2 ** power}-${2 ** (power + 1) - 1}`,
      count,
    ]);
    return Object.fromEntries(sizes.filter(([, count]) => count > 0));
  }
}
