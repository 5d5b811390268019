import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Context } from '../../graphql/context.js';
import type { AuditTransport } from '../platform/audit/audit-record.js';
import type { Clock } from '../platform/clock.js';
import type { Config } from '../platform/config.js';
import type { Backfill } from '../platform/database/backfills.js';
import type { Database } from '../platform/database/database.js';
import type { ExtensionSchemas } from '../platform/extension-schemas.js';
import type { FigureSource } from '../platform/figures.js';
import type { IdSource } from '../platform/ids.js';
import type { Jobs } from '../platform/jobs/jobs.js';
import type { Policies } from '../platform/rights/rights.js';
import type { Tracing } from '../platform/tracing.js';
import type { StreamRoute } from '../streaming/routes.js';
import type { Executor } from './execute.js';
import type { RepeatingWork } from './jobs.js';

/** What the modules of the domains are created with. */
export interface AppContext {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  /** Where a domain defines the jobs that it sends. */
  readonly jobs: Jobs;
  readonly schema: GraphQLSchema;
  /** Runs GraphQL operations, for both transports and for streams that read and check as TMF REST does. */
  readonly executor: Executor;
  /** What roles may do. */
  readonly policies: Policies;
  /** Where traces are configured. */
  readonly tracing: Tracing | undefined;
  readonly logger: Logger;
}

/** What the data of SEED are written with. */
export type SeedDependencies = Pick<AppContext, 'config' | 'database' | 'logger'>;

/** A domain, and what the server does for it besides answering requests. */
export interface DomainModule<Domain> {
  readonly domain: Domain;
  /** Background work that is repeated at an interval. */
  readonly repeatingWork?: readonly RepeatingWork[];
  /** What operators watch of it. */
  readonly figures?: FigureSource;
  /** Updates of rows that earlier versions wrote. */
  readonly backfills?: readonly Backfill[];
  /** Routes that send or receive files, which no GraphQL answer can carry. */
  streams?(dependencies: StreamDependencies): StreamRoute[];
  /** Called when this process begins to run background jobs. */
  start?(): void;
  /** Why the domain cannot work although the database answers; the server then reports that it is not ready. */
  problem?(): string | undefined;
  /** Called after the last request has been answered. */
  stop?(): Promise<void>;
}

/** The context of a request, which came by one of the transports. */
export type ContextOf = (request: IncomingMessage, response: ServerResponse, transport: AuditTransport) => Context;

/** Makes contexts. */
export interface Contexts {
  readonly ofRequest: ContextOf;
  /** Of a subscription, as of now, for whoever its request is known to come from. It ends with the signal. */
  ofSubscription(this: void, request: IncomingMessage, signal: AbortSignal): Context;
}

/** What a domain's file routes are created with. */
export interface StreamDependencies {
  readonly contextOf: ContextOf;
  /** Roles in which a relatedParty owns, by the policy. */
  readonly partyRoles: readonly string[];
  /** Aborted when the server begins to stop. */
  readonly stopping: AbortSignal;
}
