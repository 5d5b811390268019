import type { Database } from '../platform/database/database.js';
import type { Workers } from './workers/workers.js';

/** Whether load balancers should send requests to this server, which is ready when each of its workers is. */
export class Readiness {
  private isRetired = false;

  /** `problemOf` returns why the server cannot work although the database answers, or undefined. */
  constructor(
    private readonly database: Database,
    private readonly problemOf: () => string | undefined,
    private readonly workers: Workers,
  ) {
    workers.answer('readiness', () => this.ownProblem());
  }

  /** From now on not ready; there is no way back. */
  retire(): void {
    this.isRetired = true;
  }

  /** Returns why the server should get no requests, or undefined when it is ready. */
  async problem(): Promise<string | undefined> {
    if (this.isRetired) return stopping;
    const answers = await this.workers.collect('readiness');
    return answers
      .map((one) => ('missing' in one ? `worker ${one.worker} ${one.missing}` : one.value))
      .find((problem) => problem !== undefined);
  }

  private async ownProblem(): Promise<string | undefined> {
    if (this.isRetired) return stopping;
    return (
      this.problemOf() ??
      this.database.ping().then(
        () => undefined,
        () => 'database unavailable',
      )
    );
  }
}

const stopping = 'stopping';
