import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { DocumentNode, OperationTypeNode } from 'graphql';
import type { Logger } from 'pino';
import { runForAllTenants } from '../../platform/database/tenant-scope.js';
import type { StatementTimes } from '../../platform/database/watched-statements.js';
import type { Figure, FigureSource } from '../../platform/figures.js';
import type { Workers } from '../workers/workers.js';
import type { SlowOperations } from './slow-operations.js';

const prefix = 'tmf_';
/** From a look-up by key to the deadline of a report, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is known of one operation when it has ended. */
export interface EndedOperation {
  /** The right by which it is done, e.g. `bucket:read`. */
  readonly operation: string;
  /** `ok`, or the code of what refused it. */
  readonly outcome: string;
  readonly seconds: number;
  /** Points of its cost. */
  readonly cost: number;
  readonly type: OperationTypeNode;
  readonly document: DocumentNode;
  /** Where they are timed. */
  readonly statements: StatementTimes | undefined;
}

export interface EndedRequest {
  readonly surface: 'graphql' | 'events' | 'rest' | 'page' | 'probe';
  readonly method: string;
  /** 0: the client left before there was an answer. */
  readonly status: number;
  readonly seconds: number;
}

/** What this process does, counted for Prometheus; what several workers and the database say beside it is put together when it is asked for. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly operations = new Counter({
    name: `${prefix}operations_total`,
    help: 'Operations that ended, by the right they need and by outcome: ok, or the code of the refusal.',
    labelNames: ['operation', 'outcome'],
    registers: [this.registry],
  });
  private readonly durations = new Histogram({
    name: `${prefix}operation_duration_seconds`,
    help: 'How long operations took, from when they were understood to when their answer was made.',
    labelNames: ['operation'],
    buckets,
    registers: [this.registry],
  });
  private readonly costs = new Counter({
    name: `${prefix}operation_cost_points_total`,
    help: 'Points that operations cost.',
    labelNames: ['operation'],
    registers: [this.registry],
  });
  private readonly requests = new Histogram({
    name: `${prefix}http_request_duration_seconds`,
    help: 'How long requests took until their answer was sent, by surface, method and status; status 0: the client left.',
    labelNames: ['surface', 'method', 'status'],
    buckets,
    registers: [this.registry],
  });

  constructor(
    private readonly workers: Workers,
    private readonly sources: () => readonly FigureSource[],
    private readonly logger: Logger,
    private readonly slow: Pick<SlowOperations, 'ended'>,
  ) {
    workers.answer('metrics', async () => ({
      counted: await Registry.merge([this.registry, metricsOfProcess()]).getMetricsAsJSON(),
      figures: this.sources().flatMap((source) => source.own?.() ?? []),
    }));
  }

  ended(ended: EndedOperation): void {
    const { operation, outcome, seconds, cost } = ended;
    this.slow.ended(ended);
    this.operations.inc({ operation, outcome });
    this.durations.observe({ operation }, seconds);
    this.costs.inc({ operation }, cost);
  }

  answered({ surface, method, status, seconds }: EndedRequest): void {
    this.requests.observe({ surface, method, status }, seconds);
  }

  /** In the text format of Prometheus: the sums of all workers, and what the database says. */
  async text(): Promise<string> {
    const texts = (await this.collected()).map((registry) => registry.metrics());
    return (await Promise.all(texts)).join('\n');
  }

  /** The same one by one, for a page. */
  async samples(): Promise<Sample[]> {
    const all = await Promise.all((await this.collected()).map((registry) => registry.getMetricsAsJSON()));
    return all
      .flat()
      .flatMap(({ name, values }) =>
        (values as SampledValue[]).map(({ metricName = name, labels, value }) => ({ name: metricName, labels, value })),
      );
  }

  private async collected(): Promise<Registry[]> {
    // In this order: connections that wait for what is asked of the database here are none that clients wait for.
    const answers = await this.workers.collect('metrics');
    const shared = await this.shared();
    const present = answers.flatMap((answer) => ('value' in answer ? [answer.value] : []));
    const counted = AggregatorRegistry.aggregate(present.map((one) => one.counted));
    const figures = [...present.flatMap((one) => one.figures), ...shared, ...workersAnswering(present.length)];
    return [counted as Registry, registryOf(figures)];
  }

  private async shared(): Promise<Figure[]> {
    const found = await runForAllTenants(() =>
      Promise.allSettled(this.sources().map((source) => source.shared?.() ?? Promise.resolve([]))),
    );
    const isMissing = found.some(({ status }) => status === 'rejected');
    for (const one of found)
      if (one.status === 'rejected')
        this.logger.warn({ err: one.reason as unknown }, 'figures of the database are missing');
    return [
      ...found.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])),
      {
        name: 'database_up',
        help: 'Whether the database said all of its figures.',
        kind: 'gauge',
        value: isMissing ? 0 : 1,
      },
    ];
  }
}

let ofProcess: Registry | undefined;

/** Memory, processor time, delay of the event loop and the like: of the process, however many servers it has. */
function metricsOfProcess(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** One value of a metric. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** As prom-client has it: parts of a histogram have a name of their own. */
type SampledValue = Omit<Sample, 'name'> & { readonly metricName?: string };

/** What one worker counted, and its figures. */
export interface OwnMetrics {
  readonly counted: object[];
  readonly figures: readonly Figure[];
}

function workersAnswering(value: number): Figure[] {
  return [{ name: 'workers', help: 'Processes that answer on the port.', kind: 'gauge', value }];
}

/** Figures of several processes are added up. */
function registryOf(figures: readonly Figure[]): Registry {
  const registry = new Registry();
  for (const { name, help, kind, labels = {}, value } of figures) {
    const facts = { name: prefix + name, help, labelNames: Object.keys(labels), registers: [registry] };
    const known = registry.getSingleMetric(facts.name) as Counter | Gauge | undefined;
    const metric = known ?? (kind === 'counter' ? new Counter(facts) : new Gauge(facts));
    metric.inc(labels, value);
  }
  return registry;
}
