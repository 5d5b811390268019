/** Prepared statements of a connection; each takes memory of PostgreSQL. */
const namesMax = 200;
/** Characters of a statement that is kept: a longer one takes too much memory for what its planning costs. */
const keptLengthMax = 40_000;

/**
 * Gives names to the first statements to be prepared, up to a maximum. After some time it starts over, so that statements
 * that are no longer used make room for current ones.
 */
export class StatementNames {
  private names = new Map<string, string>();
  private startedAt = performance.now();
  private given = 0;

  /**
   * `renewalMs`: as long as connections are kept, which then hold two generations at most. `prefix`: of all names.
   * `isOn`: false gives no names.
   */
  constructor(
    private readonly renewalMs: number,
    private readonly prefix = 'read',
    private readonly isOn = true,
  ) {}

  /** @returns the name, unique to this text; undefined when the statement is not to be prepared */
  of(text: string): string | undefined {
    if (!this.isOn || text.length > keptLengthMax) return undefined;
    const known = this.names.get(text);
    if (known !== undefined) return known;
    if (this.names.size >= namesMax && !this.renew()) return undefined;
    const name = `${this.prefix}-${++this.given}`;
    this.names.set(text, name);
    return name;
  }

  private renew(): boolean {
    const now = performance.now();
    if (now - this.startedAt < this.renewalMs) return false;
    this.startedAt = now;
    this.names = new Map();
    return true;
  }
}
