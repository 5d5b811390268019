import type { Database } from '../platform/database/database.js';

/** Whether this process should get requests, for whoever leads them to it. */
export class Readiness {
  private isRetired = false;

  /** `problemOf`: what keeps the server from its work though the database answers. */
  constructor(
    private readonly database: Database,
    private readonly problemOf: () => string | undefined,
  ) {}

  retire(): void {
    this.isRetired = true;
  }

  /** Why it should get none, or undefined. */
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
