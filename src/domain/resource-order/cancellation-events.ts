import { withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { DomainEvent } from '../../platform/write/outbox.js';
import { changed } from '../changes.js';
import { changeEvent, kindsOfChange } from '../events.js';
import type { Cancellation } from './cancellation.js';
import { derivedAttributes, eventsOfStateChange } from './derived-state.js';
import type { ResourceOrderDependencies } from './dependencies.js';
import { assertTransition, taskTransitions } from './transitions.js';

type EventTools = Pick<ResourceOrderDependencies, 'nextId'>;

/** Leads a task that was accepted over inProgress to its end: the task as it is then, and what is told on the way. */
export function endedTask(
  accepted: JsonObject,
  { problem }: Cancellation,
  now: Date,
  { nextId }: EventTools,
): { task: JsonObject; events: DomainEvent[] } {
  const begun = ledTask(accepted, 'inProgress', {}, now);
  const task =
    problem === undefined
      ? ledTask(begun, 'done', { effectiveCancellationDate: now.toISOString() }, now)
      : ledTask(begun, 'terminatedWithError', { failureMessage: problem }, now);
  return {
    task,
    events: [begun, task].map((row) => changeEvent('cancelResourceOrder', 'StateChange', row, now, nextId)),
  };
}

function ledTask(task: JsonObject, state: string, told: JsonObject, now: Date): JsonObject {
  assertTransition(taskTransitions, 'a cancellation', String(task['state']), state);
  return changed(task, { ...told, state }, now) as JsonObject;
}

/** What is told of the order after each step: the state it came to, and in the end whatever else has changed. */
export function orderEvents(
  order: JsonObject,
  steps: readonly JsonObject[],
  now: Date,
  { nextId }: EventTools,
): DomainEvent[][] {
  const { revision = null, updatedAt = null } = changed(order, steps.at(-1) ?? {}, now) ?? order;
  const rows = steps.map((step): JsonObject => withoutNulls({ ...order, ...step, revision, updatedAt }));
  return rows.map((row, index) => {
    const isMoved = row['state'] !== (rows[index - 1] ?? order)['state'];
    const others =
      index === rows.length - 1
        ? [...kindsOfChange(order, row, 'state', derivedAttributes), ...eventsOfStateChange(order, row)]
        : [];
    return [...(isMoved ? ['StateChange'] : []), ...others.filter((kind) => kind !== 'StateChange')].map((kind) =>
      changeEvent('resourceOrder', kind, row, now, nextId),
    );
  });
}
