/** Statements that a connection keeps prepared; each takes memory of the server. */
const namesMax = 200;

/**
 * The names of prepared statements: the texts that come first have one, until there are enough. After some time who
 * comes first is found out anew, so that texts of long ago do not keep it from those of today.
 */
export class StatementNames {
  private names = new Map<string, string>();
  private startedAt = performance.now();
  private given = 0;

  /** `renewalMs`: as long as connections are kept, which then hold two generations at most. */
  constructor(private readonly renewalMs: number) {}

  /** Undefined: the statement is not to be prepared. No two texts ever have the same name. */
  of(text: string): string | undefined {
    const known = this.names.get(text);
    if (known !== undefined) return known;
    if (this.names.size >= namesMax && !this.renew()) return undefined;
    const name = `read-${++this.given}`;
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
