/** Whether proofs are as long as they get: `npm run test:long`. */
export const isLong = process.env.TEST_LONG !== undefined;

/**
 * How much of a proof runs (rounds, rows, requests): little in `npm test`, much in `npm run test:long`, or as much as
 * the environment variable of this name says.
 */
export function proofSize(name: string, { short, long }: { short: number; long: number }): number {
  return Number(process.env[name] ?? (isLong ? long : short));
}
