/** Places for work that lasts: so many in all, and fewer for one client, so that none has them all. */
export class Slots {
  private taken = 0;
  private readonly takenBy = new Map<string, number>();

  constructor(
    private readonly max: number,
    private readonly perClientMax: number,
  ) {}

  /** Takes a place and answers how it is given back, once; otherwise why there is none. */
  take(client: string): (() => void) | 'full' | 'full for this client' {
    const own = this.takenBy.get(client) ?? 0;
    if (own >= this.perClientMax) return 'full for this client';
    if (this.taken >= this.max) return 'full';
    this.taken += 1;
    this.takenBy.set(client, own + 1);
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
