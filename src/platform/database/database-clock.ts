import type { Logger } from 'pino';
import { driftMaxMs, machineTime, type RunningClock, type TimeSources } from '../clock.js';
import type { Database } from './database.js';
import { runInWorkClass } from './work-class.js';

/** How often the database is asked for its time. */
const measureEveryMs = 60_000;
/** The same after it did not answer. */
const measureAgainAfterMs = 5_000;
/** Queries per measurement; the one that was answered fastest counts. */
const questions = 3;
/** A larger difference between the clock of this machine and the database is logged. */
const offsetLoggedMs = 5_000;

/**
 * The time of the PostgreSQL server, so that all servers on it share one clock. It is queried each minute, and the
 * monotonic clock of this machine is used in between; the wall clock only counts until the first answer.
 */
export class DatabaseClock implements RunningClock {
  /** Time of the database less monotonic time. */
  private offsetMs: number;
  /** Wall clock less monotonic clock when the database was last asked. */
  private wallOffsetMs: number;
  private measuring: Promise<boolean> | undefined;
  private askedAtMs = 0;
  /** How far ahead the clock of this machine was when that was last logged. */
  private loggedMs = 0;
  private isMeasured = false;
  private isAway = false;
  private isStopped = false;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly database: Database,
    private readonly logger: Logger,
    private readonly sources: TimeSources,
  ) {
    this.wallOffsetMs = sources.wallMs() - sources.monotonicMs();
    this.offsetMs = this.wallOffsetMs;
  }

  /** Starts the clock with a first query; without an answer it starts with the time of this machine. */
  static async start(database: Database, logger: Logger, sources: TimeSources = machineTime): Promise<DatabaseClock> {
    const clock = new DatabaseClock(database, logger, sources);
    await clock.measure();
    return clock;
  }

  now(): Date {
    const monotonicMs = this.sources.monotonicMs();
    // The wall clock was set, or the machine slept, and its monotonic clock with it.
    const isOdd = Math.abs(this.sources.wallMs() - monotonicMs - this.wallOffsetMs) > driftMaxMs;
    if (isOdd && !this.isStopped && monotonicMs - this.askedAtMs > measureAgainAfterMs) void this.measure();
    return new Date(monotonicMs + this.offsetMs);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.measuring;
  }

  /** Queries the database, one query at a time, and schedules the next one. Never throws. */
  async measure(): Promise<void> {
    if (this.measuring) return void (await this.measuring);
    clearTimeout(this.timer);
    this.askedAtMs = this.sources.monotonicMs();
    this.measuring = this.tryOnce();
    const isDone = await this.measuring;
    this.measuring = undefined;
    if (!this.isStopped)
      this.timer = setTimeout(() => void this.measure(), isDone ? measureEveryMs : measureAgainAfterMs).unref();
  }

  private async tryOnce(): Promise<boolean> {
    try {
      const { offsetMs, roundTripMs } = await this.ask();
      this.take(offsetMs, roundTripMs);
      this.isAway = false;
      return true;
    } catch (error) {
      if (!this.isAway && !this.isStopped)
        this.logger.warn({ err: error }, 'cannot ask the database for its time: the last measure stays');
      this.isAway = true;
      return false;
    }
  }

  /** Assumes that the answer was given in the middle of the round trip. */
  private async ask(): Promise<{ offsetMs: number; roundTripMs: number }> {
    const answers = [];
    for (let question = 0; question < questions; question++) {
      const sentMs = this.sources.monotonicMs();
      const [row] = await runInWorkClass('control', () =>
        this.database.statement<{ ms: number }>(
          `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "ms"`,
        ),
      );
      const receivedMs = this.sources.monotonicMs();
      answers.push({ offsetMs: Number(row?.ms) - (sentMs + receivedMs) / 2, roundTripMs: receivedMs - sentMs });
    }
    return answers.reduce((best, one) => (one.roundTripMs < best.roundTripMs ? one : best));
  }

  private take(offsetMs: number, roundTripMs: number): void {
    if (!Number.isFinite(offsetMs)) throw new Error('the database told no time');
    const stepMs = Math.round(offsetMs - this.offsetMs);
    // A difference below half a round trip is within the error of the measurement.
    if (!this.isMeasured || Math.abs(stepMs) > roundTripMs / 2) this.offsetMs = offsetMs;
    if (this.isMeasured && Math.abs(stepMs) > offsetLoggedMs)
      this.logger.warn({ stepMs }, 'the time of the database stepped, and that of this server with it');
    this.isMeasured = true;
    this.wallOffsetMs = this.sources.wallMs() - this.sources.monotonicMs();
    this.logOffset(Math.round(this.wallOffsetMs - this.offsetMs));
  }

  private logOffset(aheadMs: number): void {
    if (Math.abs(aheadMs - this.loggedMs) <= offsetLoggedMs) return;
    const isOff = Math.abs(aheadMs) > offsetLoggedMs;
    this.loggedMs = isOff ? aheadMs : 0;
    if (isOff)
      this.logger.warn({ aheadMs }, 'the clock of this machine is not that of the database, whose time counts');
    else this.logger.info({ aheadMs }, 'the clock of this machine agrees with that of the database again');
  }
}
