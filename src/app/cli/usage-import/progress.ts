import type { ImportTask } from './client.js';

const barCharacters = 24;
const intervalMs = { terminal: 200, plain: 5_000 };

/** Shows the progress of an import: one changing line in a terminal, a new line every few seconds elsewhere. */
export class Progress {
  private sent = 0;
  private task: ImportTask | undefined;
  private readonly timer: NodeJS.Timeout;
  private isShown = false;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly bytes: number | undefined,
  ) {
    this.timer = setInterval(() => this.show(), stream.isTTY ? intervalMs.terminal : intervalMs.plain);
  }

  /** Starts from zero, as the file is sent from its beginning. */
  begin(): void {
    this.sent = 0;
  }

  add(bytes: number): void {
    this.sent += bytes;
  }

  update(task: ImportTask): void {
    this.task = task;
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

  private text(): string {
    const { lines = 0, accepted = 0, duplicates = 0, rejected = 0, linesPerSecond } = this.task ?? {};
    const rate = linesPerSecond === undefined ? '' : `, ${counted(linesPerSecond)} lines/s`;
    return `${this.bar()}${counted(lines)} lines, ${counted(accepted)} accepted, ${counted(duplicates)} duplicates, ${counted(rejected)} rejected${rate}`;
  }

  private bar(): string {
    if (this.bytes === undefined) return `${counted(Math.round(this.sent / 1_000_000))} MB sent, `;
    const share = this.bytes === 0 ? 1 : Math.min(this.sent / this.bytes, 1);
    const full = Math.round(share * barCharacters);
    return `[${'#'.repeat(full)}${'-'.repeat(barCharacters - full)}] ${String(Math.floor(share * 100)).padStart(3)} % sent, `;
  }
}

export function counted(count: number): string {
  return count.toLocaleString('en');
}
