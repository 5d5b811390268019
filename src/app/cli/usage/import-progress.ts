import { counted, Progress } from '../progress.js';
import type { ImportTask } from './import-client.js';

const barCharacters = 24;

/** Shows the progress of an import. */
export class ImportProgress extends Progress {
  private sent = 0;
  private task: ImportTask | undefined;

  constructor(private readonly bytes: number | undefined) {
    super(() => this.figures());
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

  private figures(): string {
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
