import type { Database } from '../../platform/database/database.js';
import { readDatabaseFigures } from '../../platform/database/database-figures.js';
import type { Figure, FigureSource } from '../../platform/figures.js';
import type { Jobs } from '../../platform/jobs/jobs.js';
import type { JobCounts, JobWait } from '../../platform/jobs/jobs.store.js';
import { readOutboxFigures } from '../../platform/write/outbox-figures.js';
import { versionOfServer } from '../pages/package.js';

/** What is watched of every server, beside what its domains say. */
export function figureSourcesOf(database: Database, jobs: Pick<Jobs, 'counts' | 'waits'>): FigureSource[] {
  const version = versionOfServer();
  return [
    { own: () => connectionFigures(database), shared: () => readOutboxFigures(database) },
    { own: () => database.replica?.readFigures() ?? [], shared: async () => database.replica?.figures() ?? [] },
    { shared: async () => [...jobFigures(await jobs.counts()), ...jobWaitFigures(await jobs.waits())] },
    { shared: () => readDatabaseFigures(database, version) },
  ];
}

/** Connections to the database, by class of work. */
function connectionFigures(database: Database): Figure[] {
  return Object.entries(database.connections()).flatMap(([workClass, { busy, idle, waiting }]): Figure[] => {
    const connections = { name: 'database_connections', help: 'Connections by class of work.', kind: 'gauge' } as const;
    return [
      { ...connections, labels: { class: workClass, state: 'busy' }, value: busy },
      { ...connections, labels: { class: workClass, state: 'idle' }, value: idle },
      {
        name: 'database_connections_awaited',
        help: 'Pieces of work that wait for a connection, by class of work.',
        kind: 'gauge',
        labels: { class: workClass },
        value: waiting,
      },
    ];
  });
}

/** Background jobs, by kind and state. */
function jobFigures(counts: Readonly<Record<string, JobCounts>>): Figure[] {
  return Object.entries(counts).flatMap(([job, states]) =>
    Object.entries(states).map(([state, value]): Figure => ({
      name: 'jobs',
      help: 'Background jobs: those that wait for their time, run, or have failed for good.',
      kind: 'gauge',
      labels: { job, state },
      value: value as number,
    })),
  );
}

/** When jobs that wait were sent, which of repeating work is the end of its last run, and how late they are. */
function jobWaitFigures(waits: readonly JobWait[]): Figure[] {
  return waits.flatMap(({ job, sentSeconds, overdueSeconds }): Figure[] => [
    {
      name: 'job_sent_seconds',
      help: 'Since a job that waits was sent last: repeating work is sent anew when it has run.',
      kind: 'gauge',
      labels: { job },
      value: sentSeconds,
    },
    {
      name: 'job_overdue_seconds',
      help: 'For how long a job waits beyond its time.',
      kind: 'gauge',
      labels: { job },
      value: overdueSeconds,
    },
  ]);
}
