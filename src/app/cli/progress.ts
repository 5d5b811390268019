const intervalMs = { terminal: 200, plain: 5_000 };

/** Shows how far long work is, on standard error: one changing line in a terminal, a new line every few seconds elsewhere. */
export class Progress {
  private readonly timer: NodeJS.Timeout;
  private isShown = false;

  constructor(
    private readonly text: () => string,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {
    this.timer = setInterval(() => this.show(), stream.isTTY ? intervalMs.terminal : intervalMs.plain);
    // It keeps no process alive.
    this.timer.unref();
  }

  /** Prints a line of its own. */
  say(text: string): void {
    this.clear();
    this.stream.write(`${text}\n`);
  }

  end(): void {
    clearInterval(this.timer);
    this.clear();
  }

  private clear(): void {
    if (this.isShown) this.stream.write('\r\x1b[K');
    this.isShown = false;
  }

  private show(): void {
    if (!this.stream.isTTY) {
      this.stream.write(`${this.text()}\n`);
      return;
    }
    this.stream.write(`\r\x1b[K${this.text().slice(0, (this.stream.columns || 80) - 1)}`);
    this.isShown = true;
  }
}

/** Shows how far a piece of work is until it ends; of work that cannot say, what it is, and for how long. */
export async function withProgress<T>(what: string | (() => string), work: () => Promise<T>): Promise<T> {
  const begunAt = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - begunAt) / 1_000)} s`;
  const progress = new Progress(typeof what === 'string' ? () => `${what}, ${seconds()}` : what);
  try {
    return await work();
  } finally {
    progress.end();
  }
}

export function counted(count: number): string {
  return count.toLocaleString('en');
}
