/** So many pieces of work at the same time, each told its number from 0 on; their results in that order. */
export function concurrently<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}
