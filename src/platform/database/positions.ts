import { LRUCache } from 'lru-cache';

/** A place in the log of changes of PostgreSQL (LSN): the replica that has come to it has all that was written before. */
export type Position = bigint;

export const nowhere: Position = 0n;
/** Nothing comes to it. */
export const beyondAll: Position = 0xffff_ffff_ffff_ffffn;

/** Clients whose writes are remembered. */
const clientsMax = 10_000;
/** Looks at the primary that are remembered while a replica has not come to what they saw. */
const looksMax = 500;

/** As PostgreSQL writes it, `16/B374D848`. What is no position is beyond all: whoever sends it is answered by the primary. */
export function readPosition(text: string): Position {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text) ?? [];
  if (high === undefined || low === undefined) return beyondAll;
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function positionText(position: Position): string {
  return `${(position >> 32n).toString(16)}/${(position & 0xffff_ffffn).toString(16)}`.toUpperCase();
}

/** Lengths of what stands at the beginning of a page of the log, and of a segment. */
const pageHeader = 24n;
const segmentHeader = 40n;

/**
 * Where the last record ends, of where the next one will begin: at the beginning of a page the header lies between, and a
 * replica that has all does not go beyond it before there is another record.
 */
export function endOfRecords(next: Position, segmentBytes: bigint, pageBytes: bigint): Position {
  if (next % segmentBytes === segmentHeader) return next - segmentHeader;
  return next % pageBytes === pageHeader ? next - pageHeader : next;
}

export function later(one: Position, other: Position): Position {
  return one > other ? one : other;
}

/** From where on a replica may answer all of them, who ask for the same; undefined: none may. */
export function forAll(positions: readonly (Position | undefined)[]): Position | undefined {
  return positions.reduce((one, other) => (one === undefined || other === undefined ? undefined : later(one, other)));
}

/**
 * How old what a replica shows may be, from looks at both. The primary was at a position at an instant; when the replica has
 * come there, it has everything until then. So an idle primary is no lag, and no clock of another machine is asked.
 */
export class ReplayProgress {
  /** Of the replica, and of the primary, as they were last seen. */
  position: Position = nowhere;
  primary: Position = nowhere;
  /** The replica has what was written until then. */
  private until = -Infinity;
  /** Where the primary was, and the replica is not yet. */
  private ahead: { readonly position: Position; readonly at: number }[] = [];

  /** What was acknowledged before this instant lies before this position. */
  primaryWasAt(position: Position, at: number): void {
    this.primary = position;
    // Nothing was written since.
    if (this.ahead.at(-1)?.position === position) this.ahead.pop();
    this.ahead.push({ position, at });
    // To forget some only makes the lag look longer.
    if (this.ahead.length > looksMax) this.ahead = this.ahead.filter((_, index) => index % 2 === 1);
  }

  replicaIsAt(position: Position): void {
    // It was restarted, and has to replay again what it had.
    if (position < this.position) this.until = -Infinity;
    this.position = position;
    const reached = this.ahead.filter((look) => look.position <= position);
    this.ahead = this.ahead.filter((look) => look.position > position);
    this.until = Math.max(this.until, ...reached.map(({ at }) => at));
  }

  /** In milliseconds, at most that; Infinity where nothing is known. */
  lag(now: number): number {
    return now - this.until;
  }
}

/** Up to where clients have written by this server. */
export class WrittenPositions {
  /** The latest of those for which there was no room. */
  private forgotten = nowhere;
  /** Whether one of them is not known. */
  private isUnknownForgotten = false;
  private readonly known: LRUCache<string, Position>;

  /** @param keptMs no replica is read that is as far behind */
  constructor(keptMs: number, max = clientsMax) {
    this.known = new LRUCache({
      max,
      ttl: keptMs,
      dispose: (position, _client, reason) => {
        if (reason !== 'evict') return;
        if (position === beyondAll) this.isUnknownForgotten = true;
        else this.forgotten = later(this.forgotten, position);
      },
    });
  }

  /** `beyondAll`: it is not known. What is known later lies behind it. */
  note(client: string, position: Position): void {
    const before = this.known.get(client) ?? nowhere;
    this.known.set(client, before === beyondAll ? position : later(position, before));
    if (position === beyondAll || !this.isUnknownForgotten) return;
    this.forgotten = later(this.forgotten, position);
    this.isUnknownForgotten = false;
  }

  of(client: string): Position {
    if (this.isUnknownForgotten) return beyondAll;
    return later(this.forgotten, this.known.get(client) ?? nowhere);
  }
}
