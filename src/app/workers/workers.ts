import type { OwnMetrics } from '../metrics/metrics.js';

/** What can be collected from the workers: each topic, and what one worker answers. */
export interface Topics {
  /** Why the worker should get no requests; undefined when it is ready. */
  readiness: string | undefined;
  /** What it counted for those who watch. */
  metrics: OwnMetrics;
}

export type Topic = keyof Topics;

/** What one worker answered, or why it did not. */
export type Collected<Value> =
  { readonly worker: number; readonly value: Value } | { readonly worker: number; readonly missing: string };

/** The processes that answer requests on one port, seen from one of them. What holds for all is made of what each says. */
export interface Workers {
  /** Defines what this process answers when one of them collects the topic. */
  answer<T extends Topic>(topic: T, value: () => Promise<Topics[T]>): void;
  /** Asks every worker, this one included; one that does not answer in time is reported as missing. Never throws. */
  collect<T extends Topic>(topic: T): Promise<Collected<Topics[T]>[]>;
}

type Answers = Map<Topic, () => Promise<unknown>>;

/** Keeps what a process answers, and gives its answers under the number of the worker. */
export class OwnAnswers {
  private readonly answers: Answers = new Map();

  constructor(private readonly worker: number) {}

  set<T extends Topic>(topic: T, value: () => Promise<Topics[T]>): void {
    this.answers.set(topic, value);
  }

  async get<T extends Topic>(topic: T): Promise<Collected<Topics[T]>> {
    const { worker } = this;
    try {
      const value = (await this.answers.get(topic)?.()) as Topics[T];
      return { worker, value };
    } catch {
      return { worker, missing: 'fails to answer' };
    }
  }
}

/** A server of one process. */
export function onlyWorker(): Workers {
  const own = new OwnAnswers(1);
  return {
    answer: (topic, value) => own.set(topic, value),
    collect: async (topic) => [await own.get(topic)],
  };
}
