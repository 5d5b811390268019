import { describe, expect, it } from '@jest/globals';
import {
  eventsOfStateChange,
  isRequestedState,
  orderStateOf,
  withDerivedState,
} from '../../../src/domain/resource-order/order-state.js';
import {
  isFinal,
  itemTransitions,
  orderTransitions,
  requestableTransitions,
} from '../../../src/domain/resource-order/transitions.js';

const itemStates = Object.keys(itemTransitions);

/** Every list of up to three states of items; their order does not matter. */
const standings = itemStates.flatMap((one, first) => [
  [one],
  ...itemStates
    .slice(first)
    .flatMap((two, second) => [[one, two], ...itemStates.slice(first + second).map((three) => [one, two, three])]),
]);

describe('the state of an order', () => {
  // Written down a second time, as the README of the domain has it.
  it.each([
    [['completed', 'completed'], 'completed'],
    [['completed', 'failed'], 'partial'],
    [['completed', 'cancelled'], 'partial'],
    [['completed', 'rejected'], 'partial'],
    [['cancelled', 'cancelled'], 'cancelled'],
    [['failed', 'cancelled'], 'cancelled'],
    [['rejected', 'cancelled'], 'cancelled'],
    [['failed', 'failed'], 'failed'],
    [['failed', 'rejected'], 'failed'],
    [['rejected', 'rejected'], 'rejected'],
    [['assessingCancellation', 'failed'], 'assessingCancellation'],
    [['pendingCancellation', 'completed'], 'pendingCancellation'],
    [['inProgress', 'held', 'pending'], 'inProgress'],
    [['inProgress', 'assessingCancellation'], 'inProgress'],
    [['held', 'pending', 'completed'], 'pending'],
    [['held', 'acknowledged', 'failed'], 'held'],
    [['acknowledged', 'completed'], 'inProgress'],
    [['acknowledged', 'failed'], 'inProgress'],
    [['acknowledged', 'cancelled', 'rejected'], 'acknowledged'],
    [['acknowledged', 'acknowledged'], 'acknowledged'],
  ])('of items that are %j is %s, in whatever order they stand', (items, state) => {
    expect([orderStateOf(items), orderStateOf(items.toReversed())]).toEqual([state, state]);
  });

  it('is where a client keeps it as long as any item is open and not being cancelled', () => {
    for (const kept of ['held', 'pending'] as const) {
      for (const items of standings) {
        const open = items.filter((state) => !isFinal(state));
        const isKept =
          open.length > 0 &&
          !['assessingCancellation', 'pendingCancellation'].some((step) => open.every((state) => state === step));
        expect([items, orderStateOf(items, kept)]).toEqual([items, isKept ? kept : orderStateOf(items)]);
      }
    }
  });

  it('is final exactly when all items are', () => {
    for (const items of standings) expect([items, isFinal(orderStateOf(items))]).toEqual([items, items.every(isFinal)]);
  });

  const steps = ['assessingCancellation', 'pendingCancellation', 'cancelled'];
  const restful = standings.filter((items) => !items.some((state) => steps.slice(0, 2).includes(state)));
  const keeps = [undefined, 'held', 'pending'] as const;

  /** The edges along which these lists of items, one after the other, lead an order, and that the table has not. */
  const missingEdges = (course: readonly (readonly string[])[]): string[] =>
    keeps.flatMap((kept) => {
      const states = course.map((items) => orderStateOf(items, kept));
      return states.slice(1).flatMap((to, index) => {
        const from = states[index] as string;
        return from === to || orderTransitions[from]?.includes(to) ? [] : [`${from} → ${to}`];
      });
    });

  it('never takes an edge that the table has not when an item moves along its own table', () => {
    const missing = restful.flatMap((items) =>
      items.flatMap((state, index) =>
        (itemTransitions[state] ?? [])
          .filter((to) => !steps.slice(0, 2).includes(to))
          .flatMap((to) => missingEdges([items, items.with(index, to)])),
      ),
    );
    expect([...new Set(missing)]).toEqual([]);
  });

  it('never takes an edge that the table has not when open items are cancelled together, or go back', () => {
    const missing = restful.flatMap((items) =>
      Array.from({ length: 2 ** items.length }, (_, chosen) => chosen).flatMap((chosen) => {
        const led = (to: string): string[] =>
          items.map((state, index) => ((chosen >> index) & 1 && !isFinal(state) ? to : state));
        const [assessed = '', pending = '', done = ''] = steps;
        return [
          ...missingEdges([items, led(assessed), led(pending), led(done)]),
          ...missingEdges([items, led(assessed), items]),
        ];
      }),
    );
    expect([...new Set(missing)]).toEqual([]);
  });

  it('is only asked for where the table leads', () => {
    for (const [from, requested] of Object.entries(requestableTransitions)) {
      expect([from, requested.filter((to) => !orderTransitions[from]?.includes(to))]).toEqual([from, []]);
    }
  });
});

describe('what follows from a change of an order', () => {
  const now = new Date('2026-03-01T12:00:00.000Z');
  const [at, earlier] = [now.toISOString(), '2026-02-01T00:00:00.000Z'];
  const items = (...states: string[]): object => ({ orderItem: states.map((state) => ({ state })) });
  const derived = (order: object, changes: object): unknown => withDerivedState(order as never, changes as never, now);

  it.each<[what: string, order: object, changes: object, followed: object]>([
    ['nothing, when the state stays', { state: 'acknowledged' }, items('acknowledged'), {}],
    ['when it begins', { state: 'acknowledged' }, items('inProgress'), { state: 'inProgress', startDate: at }],
    [
      'no other beginning, when it resumes',
      { state: 'held', startDate: earlier },
      items('inProgress'),
      { state: 'inProgress', startDate: earlier },
    ],
    [
      'when it is completed',
      { state: 'inProgress', requestedState: 'held' },
      items('completed', 'completed'),
      { state: 'completed', requestedState: null, completionDate: at },
    ],
    [
      'when it is completed in part',
      { state: 'inProgress' },
      items('completed', 'failed'),
      { state: 'partial', requestedState: null, completionDate: at },
    ],
    [
      'when it is cancelled',
      { state: 'pendingCancellation' },
      items('cancelled'),
      { state: 'cancelled', requestedState: null, cancellationDate: at },
    ],
    [
      'the date of cancellation that it has',
      { state: 'pendingCancellation', cancellationDate: earlier },
      items('cancelled'),
      { state: 'cancelled', requestedState: null, cancellationDate: earlier },
    ],
    ['no date, when it fails', { state: 'inProgress' }, items('failed'), { state: 'failed', requestedState: null }],
    [
      'where a client keeps it',
      { state: 'inProgress', ...items('inProgress') },
      { requestedState: 'held' },
      { state: 'held' },
    ],
    [
      'what its items do, when no client keeps it any more',
      { state: 'held', requestedState: 'held', startDate: earlier, ...items('inProgress') },
      { requestedState: null },
      { state: 'inProgress', startDate: earlier },
    ],
  ])('is %s', (_what, order, changes, followed) => {
    expect(derived(order, changes)).toStrictEqual({ ...changes, ...followed });
  });

  it('is nothing that the table has not', () => {
    expect(() => derived({ state: 'completed' }, items('inProgress'))).toThrow(
      'an order goes from completed to inProgress, which the table of its states does not have',
    );
  });

  it('is kept by a client in two states only', () => {
    const kept = [...Object.keys(orderTransitions), '', null, undefined].filter(isRequestedState);
    expect(kept.sort()).toEqual(['held', 'pending']);
  });

  it('is an event when it becomes pending, and no other time', () => {
    const states = Object.keys(orderTransitions);
    for (const before of states) {
      for (const after of states) {
        const events = eventsOfStateChange({ state: before } as never, { state: after } as never);
        expect([before, after, events]).toEqual([
          before,
          after,
          after === 'pending' && before !== 'pending' ? ['InformationRequired'] : [],
        ]);
      }
    }
  });
});
