import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Context } from '../../graphql/context.js';
import type { ExecuteOperation } from '../../rest-compat/call.js';
import type { Domains } from '../domain/domains.js';
import type { Clock } from '../platform/clock.js';
import type { Config } from '../platform/config.js';
import type { Backfill } from '../platform/database/backfills.js';
import type { Database } from '../platform/database/database.js';
import type { ExtensionSchemas } from '../platform/extension-schemas.js';
import type { IdSource } from '../platform/ids.js';
import type { Jobs } from '../platform/jobs/jobs.js';
import type { StreamRoute } from '../streaming/routes.js';
import type { RepeatingWork } from './jobs.js';

/** What a domain can be built on. */
export interface AppContext {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  /** Where kinds of jobs are defined that a domain sends. */
  readonly jobs: Jobs;
  readonly schema: GraphQLSchema;
  /** For domains and streams that read and check what a client of TMF REST would. */
  readonly execute: ExecuteOperation;
  readonly logger: Logger;
}

/** What demo data is written with. */
export type SeedDependencies = Pick<AppContext, 'config' | 'database' | 'logger'>;

/** A domain, and what the server does for it beside answering requests. */
export interface DomainModule<Domain> {
  readonly domain: Domain;
  /** What comes round again and again in the background. */
  readonly repeatingWork?: readonly RepeatingWork[];
  /** What brings rows of earlier versions up to date. */
  readonly backfills?: readonly Backfill[];
  /** Addresses whose bytes no GraphQL answer can carry. */
  streams?(dependencies: StreamDependencies): StreamRoute[];
  /** Demo data for an empty database; a domain may write it through other domains. */
  seed?(dependencies: SeedDependencies, domains: Domains): Promise<void>;
  /** When this process begins to run background jobs. */
  start?(): void;
  /** What keeps it from its work though the database answers: the server is then not ready. */
  problem?(): string | undefined;
  /** When the last request is answered. */
  stop?(): Promise<void>;
}

export interface StreamDependencies {
  contextOf(request: IncomingMessage, response: ServerResponse): Context;
  /** Aborted when the server begins to stop. */
  readonly stopping: AbortSignal;
}
