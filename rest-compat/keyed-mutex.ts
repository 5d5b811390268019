/** Does work on one thing in the order in which it came, one piece at a time; work on other things does not wait. */
export class KeyedMutex {
  /** The end of the last piece that came, by the thing it is on. */
  private readonly ends = new Map<string, Promise<void>>();

  take<Result>(thing: string, work: () => Promise<Result>): Promise<Result> {
    const result = (this.ends.get(thing) ?? Promise.resolve()).then(work);
    const leave = (): void => {
      if (this.ends.get(thing) === end) this.ends.delete(thing);
    };
    const end = result.then(leave, leave);
    this.ends.set(thing, end);
    return result;
  }
}
