import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../support/random.js';
import type { Findings } from './findings.js';
import { phases, Times, type Phase, type Timeline } from './times.js';

const answerMaxMs = 20_000;
/** A write is repeated under its key until it is answered, for so long. */
const repeatMaxMs = 600_000;

export type Kind = 'write' | 'read' | 'file';

/** A request, as either transport takes it. */
export interface Ask {
  readonly kind: Kind;
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Under which it may be repeated. */
  readonly key?: string;
}

export interface Answer {
  readonly status: number;
  readonly isReplayed: boolean;
  readonly text: string;
}

export interface Figures {
  readonly requests: number;
  /** Answers of 5xx, and connections that broke, within faults and otherwise. */
  readonly failures: Map<string, { within: number; outside: number }>;
}

/** Sends requests to servers, one after the other where one does not answer, and keeps count of what becomes of them. */
export class Client {
  readonly times = new Map<string, Times>();
  readonly failures: Figures['failures'] = new Map();
  requests = 0;
  repeats = 0;
  /** The API key that all of them have. */
  key = '';

  constructor(
    private readonly origins: readonly string[],
    private readonly timeline: Timeline,
    private readonly findings: Findings,
  ) {}

  /** One attempt. Undefined: there was no answer, or one that says to come again. */
  async once(ask: Ask, origin: string): Promise<Answer | undefined> {
    const begin = performance.now();
    this.requests += 1;
    try {
      const response = await fetch(origin + ask.path, {
        method: ask.method ?? (ask.body === undefined ? 'GET' : 'POST'),
        headers: {
          'x-api-key': this.key,
          ...(ask.body !== undefined && { 'content-type': ask.contentType ?? 'application/json' }),
          ...(ask.key !== undefined && { 'idempotency-key': ask.key }),
        },
        ...(ask.body !== undefined && { body: ask.body }),
        signal: AbortSignal.timeout(answerMaxMs),
      });
      const text = await response.text();
      const code = ask.path === '/graphql' && text.includes('"errors":[') ? codeOf(text) : undefined;
      // 408: of a server that stood still, which has not seen the request yet.
      const isBusy =
        response.status >= 500 ||
        response.status === 429 ||
        response.status === 408 ||
        code === 'UNAVAILABLE' ||
        code === 'INTERNAL';
      if (isBusy) {
        this.failed(
          `${response.status}${code ? ` ${code}` : ''}`,
          begin,
          `${origin}${ask.path}: ${text.slice(0, 300)}`,
        );
        return undefined;
      }
      this.answered(ask.kind, begin);
      const isReplayed = response.headers.get('idempotency-replayed') === 'true';
      return { status: response.status, isReplayed, text };
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string } };
      this.failed(
        name === 'TimeoutError' ? 'no answer' : `connection (${cause?.code ?? name})`,
        begin,
        origin + ask.path,
      );
      return undefined;
    }
  }

  private answered(kind: Kind, begin: number): void {
    const end = performance.now();
    const name = `${this.timeline.phaseOf(begin, end)} ${kind}`;
    const times = this.times.get(name) ?? new Times();
    this.times.set(name, times);
    times.add(end - begin);
  }

  private failed(what: string, begin: number, example: string): void {
    const isWithin = this.timeline.faultWithin(begin, performance.now()) !== undefined;
    const counts = this.failures.get(what) ?? { within: 0, outside: 0 };
    this.failures.set(what, counts);
    counts[isWithin ? 'within' : 'outside'] += 1;
    if (!isWithin) this.findings.addOfPace(`a request failed while nothing was broken: ${what}`, example);
  }

  /** A read: it is not repeated. */
  read(ask: Ask, random: Random): Promise<Answer | undefined> {
    return this.once(ask, random.pick(this.origins));
  }

  /** Repeats until there is an answer, by the other server each time. Undefined: there never was one, which is wrong. */
  async write(ask: Ask, random: Random): Promise<Answer | undefined> {
    const first = random.below(this.origins.length);
    const begin = performance.now();
    for (let turn = 0; performance.now() < begin + repeatMaxMs; turn++) {
      if (turn > 0) {
        this.repeats += 1;
        await sleep(100 + random.below(100 * Math.min(turn, 10)));
      }
      const answer = await this.once(ask, this.origins[(first + turn) % this.origins.length]!);
      if (answer) return answer;
    }
    this.findings.add('a write was never answered', `${ask.path} ${ask.key ?? ''} ${ask.body ?? ''}`.slice(0, 300));
    return undefined;
  }

  /** What answers took, by part of the run and kind. */
  table(): { phase: Phase; kind: Kind; count: number; p50: number; p99: number }[] {
    return phases.flatMap((phase) =>
      (['write', 'read', 'file'] as const).flatMap((kind) => {
        const times = this.times.get(`${phase} ${kind}`);
        return times ? [{ phase, kind, count: times.count, p50: times.quantile(0.5), p99: times.quantile(0.99) }] : [];
      }),
    );
  }
}

function codeOf(text: string): string | undefined {
  return /"code":"([A-Z_]+)"/.exec(text)?.[1];
}
