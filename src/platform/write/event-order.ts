import type { OutboxEvent, Position } from './outbox-reader.js';

// Positions follow transactions, whose order may be another one than that of what they did to a resource: one that waited for its
// lock has the later revision at the earlier position. Such events overtake each other; they are told in the order of the revisions.

/** Names the resource that an event is about. */
export function resourceOf({ resourceType, resourceId }: Pick<OutboxEvent, 'resourceType' | 'resourceId'>): string {
  return `${resourceType} ${resourceId}`;
}

export function revisionOf({ payload }: OutboxEvent): number {
  return payload.revision ?? 0;
}

/** Before all others. */
export const beginning: Position = { epoch: -1, transactionId: '0', eventId: '' };
/** Behind all others. */
export const farthest: Position = { epoch: 2_147_483_647, transactionId: '9223372036854775807', eventId: '' };

/** Less than 0: the first stands before the other. */
export function comparePositions(one: Position, other: Position): number {
  return (
    one.epoch - other.epoch ||
    one.transactionId.length - other.transactionId.length ||
    compareTexts(one.transactionId, other.transactionId) ||
    compareTexts(one.eventId, other.eventId)
  );
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * How many of the first events can be told as a whole: of none of them an event behind is to be told before it. `events` are in the
 * order of their positions; 0: one of the first has been overtaken by an event that is not settled yet.
 * @param settled how many of them no other one can come between any more
 * @param max as many as are wanted; more where they hang together
 */
export function closedLength(events: readonly OutboxEvent[], settled: number, max: number): number {
  const reach = reachOf(events);
  let [best, end] = [0, 0];
  for (let index = 0; index < settled; index++) {
    end = Math.max(end, reach[index] as number);
    if (end > index) continue;
    if (best > 0 && index >= max) break;
    best = index + 1;
    if (best >= max) break;
  }
  return best;
}

/** For each event the last one that must be told together with it, by their indexes. */
function reachOf(events: readonly OutboxEvent[]): number[] {
  const reach = events.map((_, index) => index);
  for (const indexes of indexesByResource(events).values()) {
    // Those with a higher revision than all before them: of these the first that is higher reaches farthest.
    const highest: number[] = [];
    for (const index of indexes) {
      const revision = revisionAt(events, index);
      const overtaken = highest.find((one) => revisionAt(events, one) > revision);
      if (overtaken === undefined) highest.push(index);
      else reach[overtaken] = index;
    }
  }
  // What was made of one change stands at one position.
  for (let index = 1; index < events.length; index++)
    if (comparePositions(positionAt(events, index - 1), positionAt(events, index)) === 0)
      reach[index - 1] = Math.max(reach[index - 1] as number, index);
  return reach;
}

/** The events, those of each resource in the order of its revisions, at the places that events of this resource have. */
export function byRevision(events: readonly OutboxEvent[]): OutboxEvent[] {
  const ordered = [...events];
  for (const indexes of indexesByResource(events).values()) {
    const sorted = [...indexes].sort(
      (one, other) => revisionAt(events, one) - revisionAt(events, other) || one - other,
    );
    sorted.forEach((from, place) => (ordered[indexes[place] as number] = events[from] as OutboxEvent));
  }
  return ordered;
}

/** Of each resource that has several events, where they are; those without a revision stay where they are. */
function indexesByResource(events: readonly OutboxEvent[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  events.forEach((event, index) => {
    if (event.payload.revision === undefined) return;
    const key = resourceOf(event);
    const indexes = found.get(key);
    if (indexes) indexes.push(index);
    else found.set(key, [index]);
  });
  for (const [key, { length }] of found) if (length === 1) found.delete(key);
  return found;
}

function revisionAt(events: readonly OutboxEvent[], index: number): number {
  return events[index]?.payload.revision ?? 0;
}

function positionAt(events: readonly OutboxEvent[], index: number): Position {
  return events[index]?.position ?? farthest;
}
