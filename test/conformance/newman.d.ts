/** The part of newman 6 that the runner uses; newman brings no types of its own. */
declare module 'newman' {
  export interface Assertion {
    assertion: string;
    error?: { message: string };
  }
  export interface Execution {
    item: { id: string; name: string };
    assertions?: Assertion[];
  }
  export interface Failure {
    parent?: { name?: string };
    source?: { name?: string };
    error: { name?: string; test?: string; message: string };
  }
  export interface Summary {
    error?: unknown;
    run: {
      stats: Record<'requests' | 'assertions', { total: number; failed: number }>;
      executions: Execution[];
      failures: Failure[];
    };
  }
  export function run(options: object, done: (error: Error | null, summary: Summary) => void): void;
  const newman: { run: typeof run };
  export default newman;
}
