import type { Database } from '../platform/database/database.js';

/** Whether load balancers should send requests to this process. */
export class Readiness {
  private isRetired = false;

  /** `problemOf` returns why the server cannot work although the database answers, or undefined. */
  constructor(
    private readonly database: Database,
    private readonly problemOf: () => string | undefined,
  ) {}

  /** From now on not ready; there is no way back. */
  retire(): void {
    this.isRetired = true;
  }

  /** Returns why the process should get no requests, or undefined when it is ready. */
  async problem(): Promise<string | undefined> {
    if (this.isRetired) return 'stopping';
    return (
      this.problemOf() ??
      this.database.ping().then(
        () => undefined,
        () => 'database unavailable',
      )
    );
  }
}
