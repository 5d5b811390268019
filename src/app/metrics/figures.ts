import type { Database } from '../../platform/database/database.js';
import type { Figure } from '../../platform/figures.js';
import type { JobCounts } from '../../platform/jobs/jobs.store.js';

/** Connections to the database, by class of work. */
export function connectionFigures(database: Database): Figure[] {
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
export function jobFigures(counts: Readonly<Record<string, JobCounts>>): Figure[] {
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
