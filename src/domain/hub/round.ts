import { resourceOf } from '../../platform/write/event-order.js';
import { eventsById, readEvents, type OutboxEvent } from '../../platform/write/outbox-reader.js';
import type { Database } from '../../platform/database/database.js';
import { Batch, batchMax, overtakingMax } from './batch.js';
import type { DeliveryDependencies, Message } from './delivery-dependencies.js';
import { readHeld, type HeldChanges, type HeldEvent } from './held.store.js';
import { readWaiting, type Claim, type DeadEvent, type Progress, type SentLetter } from './hub.store.js';
import type { Registration } from './model.js';
import { waitOf } from './wait.js';

/** Events of one registration that are under way at once, each of another resource. */
const parallelMax = 4;
/** After so many failures without an event that was taken, a receiver is left alone for a while. */
const failuresMax = 3;
/** Of a receiver that was left alone so many resources are tried before the others. */
const probesMax = 4;
/** About so many events of a registration are held at most; then the cursor waits. */
export const heldMax = 1_000;
/** How long it waits until it looks whether there is room again. */
const noRoomMs = 2_000;
/** Resources whose events are held that are tried in one go. */
const heldResourcesMax = 20;
/** Dead letters that are sent again in one go. */
const lettersMax = 20;
const errorLengthMax = 500;

/** What a round is made with. */
export interface RoundOptions {
  readonly database: Database;
  readonly dependencies: DeliveryDependencies;
  readonly claim: Claim;
  readonly registration: Registration;
  /** When nothing more is begun, by performance.now(). */
  readonly until: number;
  /** Aborting it breaks off what is under way. */
  readonly signal: AbortSignal;
}

/** The next events of one resource that are to be told, in their order; at least one. */
interface Group {
  readonly events: readonly OutboxEvent[];
  /** How often the first was tried. */
  readonly attempts: number;
  readonly isHeld: boolean;
}

/**
 * What is told to one registration in one go. A resource whose event fails is held: the cursor goes past its events, which come
 * later, in their order, while those of other resources go on.
 */
export class Round {
  private taken = 0;
  /** Of events that were not held before. */
  private failures = 0;
  private error: string | undefined;
  private hasRoom = true;
  /** What is for the receiver, by ids of events. */
  private readonly contents = new Map<string, Pick<Message, 'eventType' | 'resourceType' | 'traceParent' | 'body'>>();
  private readonly dead: DeadEvent[] = [];
  private readonly letters: SentLetter[] = [];
  private readonly added: HeldChanges['added'][number][] = [];
  private readonly retried: HeldChanges['retried'][number][] = [];
  private readonly released: string[] = [];

  private constructor(
    private readonly options: RoundOptions,
    private readonly batch: Batch,
    private readonly held: readonly HeldEvent[],
  ) {}

  /** Tells what there is to tell, and what is to be noted of it. */
  static async run(options: RoundOptions): Promise<Progress> {
    const { database, dependencies, claim, registration } = options;
    const held = claim.hasHeld ? await readHeld(database, claim) : [];
    const range = { ...claim, resources: dependencies.resourcesOf(registration), limit: batchMax + overtakingMax };
    const events = await readEvents(database, range, dependencies.derivedEvents);
    const batch = new Batch(
      claim,
      events,
      held.map(({ eventId }) => eventId),
    );
    const round = new Round(options, batch, held);
    await round.sendLetters();
    await round.deliver();
    return round.progress();
  }

  private async deliver(): Promise<void> {
    const due = await this.dueGroups();
    const fresh = await this.freshGroups();
    // It took nothing the last time: a few are tried before the others.
    if (this.options.claim.attempts > 0) await this.send([...due.splice(0, probesMax - 1), ...fresh.splice(0, 1)], []);
    await this.send(due, fresh);
  }

  /** Events that are held and may be tried again, those that wait longest first. */
  private async dueGroups(): Promise<Group[]> {
    const byResource = new Map<string, HeldEvent[]>();
    for (const one of this.held) byResource.set(resourceOf(one), [...(byResource.get(resourceOf(one)) ?? []), one]);
    const due = [...byResource.values()]
      .filter(([first]) => first !== undefined && first.dueMs >= 0)
      .sort(([one], [other]) => (other?.dueMs ?? 0) - (one?.dueMs ?? 0))
      .slice(0, heldResourcesMax);
    const share = Math.floor((2 * batchMax) / Math.max(due.length, 1));
    const tried = due.map((group) => group.slice(0, share));
    const ids = tried.flat().map(({ eventId }) => eventId);
    const events = await this.eventsById(ids);
    await this.findBodies([...events.values()]);
    // Those that there are not any more, and those that are not for the receiver any more.
    this.released.push(...ids.filter((id) => !this.contents.has(id)));
    return tried.flatMap((group) => {
      const told = group.filter(({ eventId }) => this.contents.has(eventId));
      const attempts = told[0]?.attempts ?? 0;
      const its = told.map(({ eventId }) => events.get(eventId)).filter((event) => event !== undefined);
      return its.length > 0 ? [{ events: its, attempts, isHeld: true }] : [];
    });
  }

  /** The next events of the batch. Those of resources that are held are held, too. */
  private async freshGroups(): Promise<Group[]> {
    const open = this.batch.byResource.map((group) => group.filter((event) => !this.batch.isDone(event)));
    await this.findBodies(open.flat());
    const resources = new Set(this.held.map(resourceOf));
    const groups: Group[] = [];
    for (const group of open) {
      const events = group.filter((event) => this.contents.has(event.id));
      for (const event of group) if (!this.contents.has(event.id)) this.batch.pass(event);
      const [first] = events;
      if (first === undefined) continue;
      if (!resources.has(resourceOf(first))) groups.push({ events, attempts: 0, isHeld: false });
      else if (this.mayHold()) this.hold(events, { attempts: 0, waitMs: 0 });
    }
    return groups;
  }

  private eventsById(ids: readonly string[]): Promise<Map<string, OutboxEvent>> {
    const { database, dependencies, claim } = this.options;
    return eventsById(database, claim.tenantId, ids, dependencies.derivedEvents);
  }

  private async findBodies(events: readonly OutboxEvent[]): Promise<void> {
    if (events.length === 0) return;
    const { dependencies, registration } = this.options;
    const bodies = await dependencies.bodiesOf(registration, events);
    for (const { id, eventType, resourceType, traceParent } of events) {
      const body = bodies.get(id);
      if (body !== undefined) this.contents.set(id, { eventType, resourceType, traceParent, body });
    }
  }

  /** Neither held events nor the others wait for all of the other ones. */
  private async send(held: Group[], fresh: Group[]): Promise<void> {
    const worker = async (isFirst: boolean): Promise<void> => {
      const [these, those] = isFirst ? [held, fresh] : [fresh, held];
      for (let group = these.shift() ?? those.shift(); group; group = these.shift() ?? those.shift())
        await this.sendGroup(group);
    };
    await Promise.all(Array.from({ length: parallelMax }, (_, index) => worker(index === 0)));
  }

  /** The events of one resource, one after the other, up to the first that is to be tried again. */
  private async sendGroup({ events, attempts, isHeld }: Group): Promise<void> {
    if (!isHeld && !this.mayHold()) return;
    for (const [index, event] of events.entries()) {
      const before = index === 0 ? attempts : 0;
      if (this.isDown()) {
        // What is too old to be tried again later is not tried now either.
        if (!this.isTooOld(event)) return;
        this.giveUp(event, before, this.error ?? this.dead.at(-1)?.error ?? '', isHeld);
        continue;
      }
      if (this.isOver()) return;
      const error = await this.tell(event.id, before + 1);
      if (error === undefined) {
        this.taken += 1;
        this.finish(event, isHeld);
        continue;
      }
      // Broken off by the stop of this server.
      if (this.options.signal.aborted) return;
      if (!isHeld) this.failures += 1;
      if (this.isTooOld(event)) {
        this.giveUp(event, before + 1, error, isHeld);
        continue;
      }
      this.error = error;
      const next = { attempts: before + 1, waitMs: waitOf(before + 1) };
      if (isHeld) this.retried.push({ eventId: event.id, ...next });
      else this.hold(events.slice(index), next);
      return;
    }
  }

  /** Whether the receiver takes nothing. */
  private isDown(): boolean {
    return this.taken === 0 && this.failures >= (this.options.claim.attempts > 0 ? 1 : failuresMax);
  }

  private isOver(): boolean {
    return this.options.signal.aborted || performance.now() > this.options.until;
  }

  private isTooOld({ occurredAt }: OutboxEvent): boolean {
    const { clock, delivery } = this.options.dependencies;
    return clock.now().getTime() - new Date(occurredAt).getTime() >= delivery.retryMs;
  }

  private mayHold(): boolean {
    this.hasRoom &&= this.held.length + this.added.length < heldMax;
    return this.hasRoom;
  }

  /** The cursor may go past these events of one resource, of which the first has failed or comes behind one that has. */
  private hold(events: readonly OutboxEvent[], first: { readonly attempts: number; readonly waitMs: number }): void {
    for (const [index, event] of events.entries()) {
      this.batch.pass(event);
      this.added.push({ event, ...(index === 0 ? first : { attempts: 0, waitMs: 0 }) });
    }
  }

  private finish(event: OutboxEvent, isHeld: boolean): void {
    this.batch.deliver(event);
    if (isHeld) this.released.push(event.id);
  }

  private giveUp(event: OutboxEvent, attempts: number, error: string, isHeld: boolean): void {
    const { clock, nextId } = this.options.dependencies;
    this.dead.push({ id: nextId(clock.now()), event, attempts, error });
    this.finish(event, isHeld);
  }

  private async sendLetters(): Promise<void> {
    const { database, claim } = this.options;
    // Half of the time is for what is new.
    const until = (performance.now() + this.options.until) / 2;
    const letters = await readWaiting(database, claim, lettersMax);
    const ids = letters.map(({ eventId }) => eventId);
    await this.findBodies([...(await this.eventsById(ids)).values()]);
    for (const { id, eventId, attempts } of letters) {
      if (this.isOver() || performance.now() > until) break;
      const error = this.contents.has(eventId)
        ? await this.tell(eventId, attempts + 1)
        : 'the event is not for this registration any more';
      if (!this.options.signal.aborted || error === undefined) this.letters.push({ id, error });
    }
  }

  private async tell(eventId: string, attempt: number): Promise<string | undefined> {
    const { dependencies, registration, signal } = this.options;
    const { callback, signingSecret, previousSecret } = registration;
    const secrets = previousSecret === null ? [signingSecret] : [signingSecret, previousSecret];
    const content = this.contents.get(eventId);
    if (content === undefined) throw new Error(`there is nothing to tell of event ${eventId}`);
    const error = await dependencies.tell({ callback, secrets, eventId, ...content, attempt, signal });
    return error?.slice(0, errorLengthMax);
  }

  private progress(): Progress {
    const { claim, dependencies } = this.options;
    const { taken, added, retried, released } = this;
    const isDown = taken === 0 && this.failures > 0 && this.error !== undefined;
    const attempts = isDown ? claim.attempts + 1 : taken > 0 ? 0 : claim.attempts;
    return {
      ...this.batch.progress(),
      taken: taken + this.letters.filter(({ error }) => error === undefined).length,
      attempts,
      error: this.error,
      waitMs: isDown ? waitOf(attempts) : this.hasRoom ? 0 : noRoomMs,
      dead: this.dead,
      letters: this.letters,
      held: { added, retried, released, areAllDue: claim.attempts > 0 && taken > 0 },
      now: dependencies.clock.now(),
    };
  }
}
