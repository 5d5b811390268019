import type { Config } from '../../platform/config.js';
import type { WorkerOrder } from './messages.js';

/** The connections to PostgreSQL are those of the whole server: each worker has its share, and the port that all use. */
export function configOfWorker(config: Config, { port }: Pick<WorkerOrder, 'port'>): Config {
  return { ...config, port, databasePoolSize: Math.max(1, Math.floor(config.databasePoolSize / config.workers)) };
}
