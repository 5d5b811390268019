/** Questions that wait for their answers, each no longer than `maxMs`. */
export class Pending<Answer> {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private lastId = 0;

  constructor(private readonly maxMs: number) {}

  /** Sends a question under a new id. @returns its answer, or `otherwise` when none comes in time */
  ask(send: (id: number) => void, otherwise: Answer): Promise<Answer> {
    const id = ++this.lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle(id, otherwise), this.maxMs);
      this.waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      send(id);
    });
  }

  /** Answers the question; one that waits no longer is ignored. */
  settle(id: number, answer: Answer): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }

  /** Answers every question that waits. */
  settleAll(answer: Answer): void {
    for (const id of [...this.waiting.keys()]) this.settle(id, answer);
  }
}
