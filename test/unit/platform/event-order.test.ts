import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  beginning,
  byRevision,
  closedLength,
  comparePositions,
  farthest,
} from '../../../src/platform/write/event-order.js';
import type { OutboxEvent } from '../../../src/platform/write/outbox-reader.js';

/** `b3`: an event of the resource b, with revision 3; each stands behind the one before it. */
function eventsOf(text: string): OutboxEvent[] {
  return text.split(' ').map((word, index) => ({
    tenantId: 't',
    id: word,
    eventType: 'e',
    resourceType: 'r',
    resourceId: word[0]!,
    occurredAt: '',
    payload: { revision: Number(word.slice(1)) },
    position: { epoch: 0, transactionId: String(index + 1), eventId: word },
  }));
}

const idsOf = (events: readonly OutboxEvent[]): string => events.map(({ id }) => id).join(' ');

describe('events', () => {
  it('stand in the order of epoch, transaction and id', () => {
    const positions = [
      beginning,
      { epoch: 0, transactionId: '9', eventId: 'b' },
      { epoch: 0, transactionId: '10', eventId: 'a' },
      { epoch: 0, transactionId: '10', eventId: 'b' },
      { epoch: 1, transactionId: '3', eventId: 'a' },
      farthest,
    ];
    expect([...positions].reverse().sort(comparePositions)).toEqual(positions);
  });

  it.each([
    ['a1 b1 a2 b2', 'a1 b1 a2 b2'],
    ['a2 b1 a1 b2', 'a1 b1 a2 b2'],
    ['a3 b2 a1 b1 a2', 'a1 b1 a2 b2 a3'],
  ])('are told by revision: %s', (stored, told) => {
    expect(idsOf(byRevision(eventsOf(stored)))).toBe(told);
  });

  it.each([
    // Nothing overtakes.
    ['a1 b1 a2 b2', 4, 2, 2],
    // The second of them belongs to the first: both or none.
    ['a2 a1 b1', 3, 1, 2],
    ['b1 a2 c1 a1 d1', 5, 2, 1],
    ['a2 c1 a1 d1', 4, 2, 3],
    // What overtakes is not settled yet.
    ['b1 a2 c1 a1', 3, 10, 1],
    ['a2 c1 a1', 2, 10, 0],
    // Two that hang together.
    ['a2 b2 a1 b1 c1', 5, 1, 4],
  ])('are cut where none overtakes another: %s, %i settled, %i at most', (stored, settled, max, length) => {
    expect(closedLength(eventsOf(stored), settled, max)).toBe(length);
  });

  it('that were made of one change are told together', () => {
    const [first, second, third] = eventsOf('a1 b1 c1') as [OutboxEvent, OutboxEvent, OutboxEvent];
    expect(closedLength([first, { ...second, position: first.position }, third], 3, 1)).toBe(2);
  });

  it('come in one order, wherever they are cut', () => {
    const stored = fc
      .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 6 })), { minLength: 1, maxLength: 30 })
      .map((pairs) => eventsOf(pairs.map(([name, revision]) => `${name}${revision}`).join(' ')));
    fc.assert(
      fc.property(stored, fc.integer({ min: 1, max: 8 }), (events, max) => {
        const told: OutboxEvent[] = [];
        for (let rest = events; rest.length > 0;) {
          const length = closedLength(rest, rest.length, max);
          expect(length).toBeGreaterThan(0);
          told.push(...byRevision(rest.slice(0, length)));
          rest = rest.slice(length);
        }
        expect(idsOf(told)).toBe(idsOf(byRevision(events)));
      }),
    );
  });
});
