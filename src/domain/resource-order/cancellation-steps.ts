import { changed, withChanges, type RowChanges } from '../changes.js';
import { kindsOfChange, type ChangeOf } from '../events.js';
import type { ResourceChanges } from '../resource-changes.js';
import { assertTransition } from '../transitions.js';
import type { Cancellation } from './cancellation.js';
import type { CancellationRow, OrderRow, ResourceOrderDependencies } from './model.js';
import { eventsOfStateChange, orderStateAttributes } from './order-state.js';
import { cancellationTransitions } from './transitions.js';

/** Leads a cancellation that was accepted over inProgress to its end, announcing both; answers it as it is then. */
export function endCancellation(
  changes: ResourceChanges,
  { mappings }: Pick<ResourceOrderDependencies, 'mappings'>,
  accepted: CancellationRow,
  { problem }: Pick<Cancellation, 'problem'>,
  now: Date,
): CancellationRow {
  const begun = moved(accepted, { state: 'inProgress' }, now);
  const ended =
    problem === undefined
      ? moved(begun, { state: 'done', effectiveCancellationDate: now.toISOString() }, now)
      : moved(begun, { state: 'terminatedWithError', failureMessage: problem }, now);
  for (const row of [begun, ended]) changes.emit(mappings.cancelResourceOrder, 'StateChange', row);
  return ended;
}

function moved(
  cancellation: CancellationRow,
  changes: RowChanges<CancellationRow> & { state: string },
  now: Date,
): CancellationRow {
  assertTransition(cancellationTransitions, 'a cancellation', cancellation.state, changes.state);
  return changed(cancellation, changes, now) as CancellationRow;
}

/** An order as it is after one step of its cancellation, and what is announced of it then. */
export interface AnnouncedStep {
  readonly row: OrderRow;
  readonly events: readonly ChangeOf<'resourceOrder'>[];
}

/** What is announced of an order after each step: the state it came to, and in the end whatever else has changed. Pure. */
export function announcedSteps(order: OrderRow, steps: readonly RowChanges<OrderRow>[], now: Date): AnnouncedStep[] {
  const { revision, updatedAt } = changed(order, steps.at(-1) ?? {}, now) ?? order;
  const rows = steps.map((step) => withChanges(order, { ...step, revision, updatedAt }));
  return rows.map((row, index) => {
    const isMoved = row.state !== (rows[index - 1] ?? order).state;
    const others =
      index === rows.length - 1
        ? [...kindsOfChange(order, row, orderStateAttributes), ...eventsOfStateChange(order, row)]
        : [];
    return {
      row,
      events: [...(isMoved ? ['StateChange' as const] : []), ...others.filter((kind) => kind !== 'StateChange')],
    };
  });
}
