import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Figure } from '../figures.js';
import { Sharing } from '../plan/sharing.js';
import { Address } from './connecting.js';
import type { DedicatedConnection, ReadOptions } from './database.js';
import { isRetryable, isUnavailable } from './failures.js';
import { Partition } from './partitions.js';
import { cancelByProtocol } from './pooled-client.js';
import { beyondAll, endOfRecords, later, nowhere, readPosition, ReplayProgress, type Position } from './positions.js';
import { connectionLifetimeS, settingsOf } from './session-settings.js';
import { runForAllTenants } from './tenant-scope.js';
import type { ClassTimes } from './work-class.js';

/** How long a read waits for the replica to come to the position that it needs. */
const catchUpMs = 200;
const catchUpStepMs = 10;
/** How often both are looked at, at most and at least. */
const lookMs = { min: 50, max: 250 };

/** The same of all databases of the world, but for those that replicate it. */
const identity = `SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||
  (SELECT oid FROM pg_database WHERE datname = current_database()) AS "identity"`;
const ofPrimary = `SELECT pg_current_wal_insert_lsn()::text AS "position", current_setting('wal_block_size') AS "pageBytes",
  pg_size_bytes(current_setting('wal_segment_size'))::text AS "segmentBytes"`;
const ofReplica = `SELECT i."identity", pg_is_in_recovery() AS "isReplica", pg_last_wal_replay_lsn()::text AS "position" FROM (${identity}) i`;

/** What runs on replicas: lists, what reads much, and files that are written while they are sent. */
export type ReplicaWork = 'read' | 'report' | 'export';

export interface ReplicaOptions {
  readonly url: string;
  /** How far behind it may be to be read for lists, in milliseconds. */
  readonly lagMs: number;
  /** The same for reports and exports. */
  readonly reportLagMs: number;
}

/** What its connections have in common with those of the primary. */
export interface ReplicaConnections {
  readonly isPooled: boolean;
  readonly isolatesTenants: boolean;
  readonly sizes: Readonly<Record<'read' | 'report', number>>;
  readonly times: Readonly<Record<'read' | 'report' | 'control', ClassTimes>>;
}

/** Asks the primary, on its connections for probes. */
export type AskPrimary = <T>(sql: string) => Promise<T[]>;

interface ReplicaState {
  readonly identity: string;
  readonly isReplica: boolean;
  readonly position: string | null;
}

/**
 * A streaming replica of the database. It decides which reads run there: those that may, while it is near enough and has come
 * to the position that they need. All others, and those that it fails, run on the primary (docs/decisions/0060-replicas.md).
 */
export class Replica {
  private readonly address: Address;
  private readonly partitions: Readonly<Record<'read' | 'report' | 'control', Partition>>;
  private readonly progress = new ReplayProgress();
  private readonly counts = new Map<string, number>();
  /** Why it is not read. */
  private problem: string | undefined = 'it was not looked at yet';
  private logger: Logger | undefined;
  private identity: string | undefined;
  /** Before it has come there it may lack what this version needs. */
  private floor = nowhere;
  private asking: Promise<void> | undefined;
  private readonly writing = new Sharing<true, Position>(async () => {
    const [row] = await runForAllTenants(() => this.askPrimary<Record<string, string>>(ofPrimary));
    const { position = '', segmentBytes = '0', pageBytes = '0' } = row ?? {};
    return endOfRecords(readPosition(position), BigInt(segmentBytes), BigInt(pageBytes));
  });
  private readonly closing = new AbortController();

  constructor(
    private readonly options: ReplicaOptions,
    connections: ReplicaConnections,
    private readonly askPrimary: AskPrimary,
  ) {
    this.address = new Address(options.url, connections.isPooled);
    const open = (workClass: 'read' | 'report' | 'control', max: number): Partition => {
      const times = connections.times[workClass];
      return new Partition(
        {
          ...this.address.configWith(settingsOf(times)),
          connectionTimeoutMillis: times.waitMs,
          max,
          maxLifetimeSeconds: connectionLifetimeS,
        },
        times,
        connections.isolatesTenants,
      );
    };
    const { sizes } = connections;
    this.partitions = {
      read: open('read', sizes.read),
      report: open('report', sizes.report),
      control: open('control', 1),
    };
  }

  /** How old what it shows may be at most. */
  get lagMsMax(): number {
    return Math.max(this.options.lagMs, this.options.reportLagMs);
  }

  /** Begins to look at it. Call it when the database is up to date. */
  watch(logger: Logger): void {
    this.logger = logger;
    void runForAllTenants(() => this.lookOnAndOn());
  }

  /** Up to where everything lies that was acknowledged by now. Whoever asks meanwhile is told together. */
  writtenTo(): Promise<Position> {
    return this.writing.of('', true, undefined);
  }

  /** Whether it is near enough for such work. */
  isNear(work: ReplicaWork): boolean {
    const bound = work === 'read' ? this.options.lagMs : this.options.reportLagMs;
    return this.problem === undefined && this.progress.lag(performance.now()) <= bound;
  }

  /** Runs a read that may run on a replica which has come to a position. */
  async read<T>(
    statement: pg.QueryConfig,
    { replicaAt = beyondAll, workClass = 'read', signal, maxMs, onBegin }: ReadOptions,
    onPrimary: () => Promise<T[]>,
  ): Promise<T[]> {
    return this.run(workClass, replicaAt, onPrimary, async () => {
      const place = this.partitions[workClass];
      try {
        if (signal !== undefined || maxMs !== undefined)
          return await place.queryBounded<T>(statement, { signal, maxMs, onBegin }, (connection) =>
            cancelByProtocol(this.address.configWith({}), connection),
          );
        return (await place.query(statement)).rows as T[];
      } catch (error) {
        // It is away, or what replays had to cancel the statement.
        if (!signal?.aborted && (isUnavailable(error) || isRetryable(error))) throw new ReplicaFailure(error);
        throw error;
      }
    });
  }

  /** Runs work on a connection of its own, to the replica if it has come to the position. Work that has begun is not repeated. */
  async dedicated<T>(
    at: Position,
    tenantId: string,
    work: (connection: DedicatedConnection) => Promise<T>,
    onPrimary: () => Promise<T>,
  ): Promise<T> {
    return this.run('export', at, onPrimary, async () => {
      let hasBegun = false;
      try {
        return await this.address.connect(
          { statement_timeout: 0 },
          (connection) => {
            hasBegun = true;
            return work(connection);
          },
          tenantId,
        );
      } catch (error) {
        throw hasBegun ? error : new ReplicaFailure(error);
      }
    });
  }

  /** Its lag, and whether it is read. */
  figures(): Figure[] {
    const lag = this.progress.lag(performance.now()) / 1_000;
    return [
      {
        name: 'replica_used',
        help: 'Whether the replica is read: it answers, is one of this database, and not too far behind for reports.',
        kind: 'gauge',
        value: this.isNear('report') ? 1 : 0,
      },
      ...(Number.isFinite(lag)
        ? [
            {
              name: 'replica_lag_seconds',
              help: 'How old what the replica shows may be.',
              kind: 'gauge',
              value: lag,
            } as const,
          ]
        : []),
    ];
  }

  /** Where reads ran that may run on a replica. */
  readFigures(): Figure[] {
    return (['read', 'report', 'export'] as const).flatMap((work) =>
      (['replica', 'primary'] as const).map((place): Figure => ({
        name: 'replica_reads_total',
        help: 'Statements of reads that may run on a replica, by class of work and by where they ran.',
        kind: 'counter',
        labels: { class: work, place },
        value: this.counts.get(`${work} ${place}`) ?? 0,
      })),
    );
  }

  async close(maxMs: number): Promise<void> {
    this.closing.abort();
    await Promise.all(Object.values(this.partitions).map((one) => one.close(maxMs)));
  }

  private async run<T>(
    work: ReplicaWork,
    at: Position,
    onPrimary: () => Promise<T>,
    onReplica: () => Promise<T>,
  ): Promise<T> {
    if (this.isNear(work) && (await this.comesTo(at))) {
      try {
        const result = await onReplica();
        this.count(work, 'replica');
        return result;
      } catch (error) {
        if (!(error instanceof ReplicaFailure)) throw error;
        this.logger?.debug({ err: error.cause }, 'the replica failed a read, which is repeated on the primary');
        void this.ask();
      }
    }
    this.count(work, 'primary');
    return onPrimary();
  }

  private count(work: ReplicaWork, place: 'replica' | 'primary'): void {
    const name = `${work} ${place}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** Whether it has come to the position, or soon does. */
  private async comesTo(position: Position): Promise<boolean> {
    const needed = later(position, this.floor);
    if (this.progress.position >= needed) return true;
    if (needed === beyondAll) return false;
    const late = AbortSignal.timeout(catchUpMs);
    while (!late.aborted && this.problem === undefined) {
      await Promise.race([this.ask(), sleep(catchUpMs, undefined, { ref: false })]);
      if (this.progress.position >= needed) return this.problem === undefined;
      await sleep(catchUpStepMs);
    }
    return false;
  }

  private async lookOnAndOn(): Promise<void> {
    const { signal } = this.closing;
    const everyMs = Math.min(lookMs.max, Math.max(lookMs.min, (this.options.lagMs || this.options.reportLagMs) / 4));
    while (!signal.aborted) {
      await this.look();
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async look(): Promise<void> {
    try {
      const at = performance.now();
      const position = await this.writtenTo();
      if (this.identity === undefined) {
        const [row] = await this.askPrimary<{ identity: string }>(identity);
        this.floor = position;
        this.identity = row?.identity;
      }
      this.progress.primaryWasAt(position, at);
    } catch {
      // Nothing is known of the primary: meanwhile the lag grows.
    }
    await this.ask();
  }

  /** Asks the replica where it is; who comes meanwhile shares the answer. */
  private ask(): Promise<void> {
    return (this.asking ??= runForAllTenants(() => this.judge())
      .then(
        (problem) => this.found(problem),
        (error: unknown) => this.found('it does not answer', error),
      )
      .finally(() => (this.asking = undefined)));
  }

  /** @returns why it cannot be read */
  private async judge(): Promise<string | undefined> {
    const { rows } = await this.partitions.control.query<ReplicaState>(ofReplica);
    const [state] = rows;
    if (this.identity === undefined) return 'the primary did not say who it is yet';
    if (state?.identity !== this.identity) return 'it is one of another database';
    if (!state.isReplica) return 'it is none: it takes writes itself';
    const position = state.position === null ? nowhere : readPosition(state.position);
    // What it has was written by the primary before: else it followed another one.
    if (position > this.progress.primary && position > (await this.writtenTo())) return 'it is ahead of the primary';
    this.progress.replicaIsAt(position);
    if (position < this.floor) return 'it has not come to where this server began';
    return undefined;
  }

  private found(problem: string | undefined, err?: unknown): void {
    // What was found while it was closed is no news.
    if (this.closing.signal.aborted) return;
    const isFar = problem === undefined && this.progress.lag(performance.now()) > this.options.reportLagMs;
    const now = isFar ? 'it is too far behind' : problem;
    if (now === this.problem) return;
    this.problem = now;
    if (now === undefined) this.logger?.info('the replica is read');
    else this.logger?.warn({ reason: now, err }, 'the replica is not read: all runs on the primary');
  }
}

/** The replica failed, and not the read. */
class ReplicaFailure extends Error {
  constructor(cause: unknown) {
    super('the replica failed', { cause });
  }
}
