/** What test/conformance/distributed-database.js exports, which runs without a compiler. */
declare module '*/conformance/distributed-database.js' {
  export const citusUrl: string | undefined;
  export function emptyDatabase(url: string): Promise<void>;
}
