import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { canonicalJson, toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { Answer } from '../../platform/write/command.js';
import { positionOf, positionSince } from '../../platform/write/outbox-seek.js';
import { lockRow } from '../../platform/write/rows.js';
import { ownRow, requireOwn, requireRevision, type Change, type WriteContext } from '../changes.js';
import { invalid, toGiven } from '../input.js';
import { ResourceWriter } from '../resource-writer.js';
import { beginCursor, forgetDelivery, lockCursor, lockHubs, replaceSecret, setBack } from './hub.store.js';
import type { HubApi, HubDependencies, HubRow, Subscriber } from './model.js';

/** Registrations of a tenant. */
export const HUBS_MAX = 1_000;
export const QUERY_LENGTH_MAX = 4_000;
const secretLength = { min: 16, max: 200 };
/** How long deliveries are signed with the secret before, too, when there is a new one: receivers change to it meanwhile. */
const secretOverlapMs = 24 * 3_600_000;

export interface HubInput {
  api?: HubApi | null;
  callback: string;
  query?: string | null;
  secret?: string | null;
}

/** From where on a registration is told again: behind an event, or since an instant. */
export interface Replay {
  readonly id: string;
  readonly afterEventId: string | undefined;
  readonly since: Date | undefined;
}

/** Registrations: made and deleted; nothing of them changes but their secrets. */
export class Hubs extends ResourceWriter<'hub', HubRow, HubInput> {
  /** As the rows are stored: with what nobody reads. */
  private readonly stored: ResourceMapping<HubRow & JsonObject>;

  constructor(
    database: Database,
    private readonly hubDependencies: HubDependencies,
  ) {
    const mapping = hubDependencies.mappings.hub;
    super(database, hubDependencies, {
      resource: 'hub',
      mapping,
      fromInput: (input) => toGiven<HubRow>(input),
      complete: () => {
        throw new Error('a registration is made by register');
      },
      release: async ({ id }, { tx, tenantId }, changes) => {
        await lockCursor(tx, tenantId, id);
        changes.also(...forgetDelivery(tenantId, id));
      },
    });
    const column = (name: string, type: 'string' | 'json'): object => ({
      [name]: { type: { kind: 'scalar', type }, storage: { kind: 'column', column: name } },
    });
    const hidden = {
      ...column('signingSecret', 'string'),
      ...column('subscriber', 'json'),
      ...column('fingerprint', 'string'),
    };
    this.stored = { ...mapping, attributes: { ...mapping.attributes, ...hidden } } as typeof this.stored;
  }

  /**
   * Registers a callback and tells its secret. A repeated answer, under the same idempotency key, does not have the secret any
   * more. Throws INVALID_ATTRIBUTE, INVALID_QUERY, CONFLICT.
   */
  async register(context: WriteContext, input: HubInput, subscriber: Subscriber): Promise<Answer<HubRow>> {
    const { mappings, nextId } = this.hubDependencies;
    this.check(input, subscriber);
    const { callback } = input;
    const [api, query] = [input.api ?? null, input.query ?? null];
    const { principalId, tenantId } = context;
    const fingerprint = digest(canonicalJson([principalId, api, callback, query]));
    const secret = input.secret ?? newSecret();
    // What an idempotency key stands for is kept as a digest only.
    const asked = withoutNulls(toJsonObject(input));
    const done = await this.run(context, 'createHub', asked, async ({ tx, now }, changes) => {
      const { count, same } = await lockHubs(tx, tenantId, fingerprint);
      if (same !== null) throw new DomainError('CONFLICT', `hub '${same}' has this callback and query already`);
      if (count >= HUBS_MAX)
        throw new DomainError('CONFLICT', `there are ${count} registrations: the limit HUBS_MAX is ${HUBS_MAX}`);
      const at = now.toISOString();
      const row = withoutNulls<HubRow>({
        ...{ id: nextId(now), revision: 1, api, callback, query },
        ...{ principalId, createdAt: at, updatedAt: at },
      });
      requireOwn(context, mappings.hub, row);
      const hidden = { signingSecret: secret, subscriber: toJsonObject(subscriber), fingerprint };
      changes.insert(this.stored, [{ ...row, ...hidden }]);
      changes.emit(mappings.hub, 'Create', row);
      changes.also(beginCursor(tenantId, row.id));
      return { answer: row };
    });
    return done.replayed ? done : { ...done, answer: { ...done.answer, secret } };
  }

  /**
   * Gives a registration another secret, and tells it as `register` does. Deliveries are signed with the one before, too, for a
   * day. Throws INVALID_ATTRIBUTE, NOT_FOUND, REVISION_MISMATCH.
   */
  async rotateSecret(
    context: WriteContext,
    { id, ifRevision }: Pick<Change, 'id' | 'ifRevision'>,
    given?: string | null,
  ): Promise<Answer<HubRow>> {
    requireSecret(given);
    const secret = given ?? newSecret();
    const { hub: mapping } = this.hubDependencies.mappings;
    const asked = withoutNulls({ id, secret: given ?? null });
    const done = await this.run(context, 'rotateHubSecret', asked, async ({ tx, tenantId, now }, changes) => {
      const locked = await ownRow(tx, context, mapping, await lockRow(tx, mapping, tenantId, id));
      const before = requireRevision(locked, 'hub', id, ifRevision);
      await replaceSecret(tx, tenantId, id, { secret, bothUntil: new Date(now.getTime() + secretOverlapMs) });
      const after: HubRow = { ...before, revision: before.revision + 1, updatedAt: now.toISOString() };
      changes.replace(mapping, after, ['revision', 'updatedAt']);
      changes.emit(mapping, 'AttributeValueChange', after);
      return { answer: after };
    });
    return done.replayed ? done : { ...done, answer: { ...done.answer, secret } };
  }

  /**
   * Tells events again, and those behind them: what was written after an event, or since an instant. Throws INVALID_ATTRIBUTE,
   * NOT_FOUND, and EVENTS_GONE when it cannot begin there any more.
   */
  replay(context: WriteContext, { id, afterEventId, since }: Replay): Promise<Answer<HubRow>> {
    if ((afterEventId === undefined) === (since === undefined))
      throw invalid('since', 'or afterEventId says from where on: one of them');
    const { hub: mapping } = this.hubDependencies.mappings;
    const asked = withoutNulls({ id, afterEventId: afterEventId ?? null, since: since?.toISOString() ?? null });
    return this.run(context, 'replayHub', asked, async ({ tx, tenantId, now }, changes) => {
      if (since && since > now) throw invalid('since', `must not be in the future: ${since.toISOString()}`);
      const locked = await ownRow(tx, context, mapping, await lockRow(tx, mapping, tenantId, id));
      const hub = requireRevision(locked, 'hub', id, undefined);
      const position = since
        ? await positionSince(tx, tenantId, since)
        : await positionOf(tx, tenantId, afterEventId ?? '');
      if (position) changes.also(setBack(tenantId, id, position));
      return { answer: hub };
    });
  }

  private check(input: HubInput, { principal }: Subscriber): void {
    const { callback, query, secret } = input;
    this.hubDependencies.checkCallback(callback);
    if ((query?.length ?? 0) > QUERY_LENGTH_MAX)
      throw invalid('query', `is longer than the limit QUERY_LENGTH_MAX of ${QUERY_LENGTH_MAX} characters`);
    if (typeof query === 'string') this.hubDependencies.checkQuery(query, input.api ?? null, principal);
    requireSecret(secret);
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Throws INVALID_ATTRIBUTE. */
function requireSecret(secret: string | null | undefined): void {
  const { min, max } = secretLength;
  if (typeof secret === 'string' && (secret.length < min || secret.length > max))
    throw invalid('secret', `must have ${min} to ${max} characters`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
