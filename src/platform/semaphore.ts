/** Bounds how much long work runs at the same time, in all and per client. Refuses at once instead of queueing. */
export class Semaphore {
  private taken = 0;
  private readonly takenBy = new Map<string, number>();

  constructor(
    private readonly max: number,
    private readonly perClientMax = Infinity,
  ) {}

  /** Returns the function that releases what was acquired, however often it is called; or why there is nothing left. */
  tryAcquire(client = ''): (() => void) | 'full' | 'full for this client' {
    const ofClient = this.takenBy.get(client) ?? 0;
    if (ofClient >= this.perClientMax) return 'full for this client';
    if (this.taken >= this.max) return 'full';
    this.taken += 1;
    this.takenBy.set(client, ofClient + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.taken -= 1;
      const left = (this.takenBy.get(client) ?? 1) - 1;
      if (left === 0) this.takenBy.delete(client);
      else this.takenBy.set(client, left);
    };
  }
}
