import type { EventResource } from '../../domain/events.js';
import type { DataSubject, PersonalDataDomain } from '../../domain/personal-data/index.js';
import type { Database } from '../../platform/database/database.js';
import { abbreviated, DomainError } from '../../platform/errors.js';
import { upperFirst } from '../../platform/letter-case.js';
import { Semaphore } from '../../platform/semaphore.js';
import { settledAt, withSnapshot, type SnapshotReads } from '../../platform/read/snapshot.js';
import { write } from '../write.js';
import { PARTY_DATA_ACCOUNTS_MAX, PARTY_DATA_MAX, PARTY_DATA_MS_MAX } from '../limits.js';
import type { Exchange, StreamRoute } from '../routes.js';

/** Reads resources as GET of TMF REST gives them to this client: JSON texts, without those that it may not see. */
export type ReadResources = (resource: EventResource, ids: readonly string[]) => Promise<readonly string[]>;

/** What the route is built on. */
export interface PartyDataOptions {
  readonly database: Database;
  readonly domain: Pick<PersonalDataDomain, 'heldResources' | 'heldIds'>;
  /** Roles in which a relatedParty owns. */
  readonly partyRoles: readonly string[];
  /** Throws FORBIDDEN where the client may not read one of the resources, and NOT_FOUND where only its own party may be read and this is another. */
  requireSubject(exchange: Exchange, whose: DataSubject): void;
  /** By these reads. */
  openResources(exchange: Exchange, reads: SnapshotReads): ReadResources;
}

/**
 * `GET /party/data?id=&account=`: what is held about a party as one file, a line for each resource. On PostgreSQL it shows
 * everything as it is at one instant.
 */
export function partyDataRoutes(options: PartyDataOptions): StreamRoute[] {
  const slots = new Semaphore(PARTY_DATA_MAX);
  const handle = async (exchange: Exchange): Promise<void> => {
    const whose = subjectOf(exchange, options);
    options.requireSubject(exchange, whose);
    const { request, response } = exchange;
    response.setHeader('Content-Type', 'application/x-ndjson;charset=utf-8');
    response.setHeader('Content-Disposition', 'attachment; filename="party.ndjson"');
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const release = slots.tryAcquire();
    if (typeof release === 'string')
      throw new DomainError(
        'UNAVAILABLE',
        `too many files of parties are being sent, try again later: the limit PARTY_DATA_MAX is ${PARTY_DATA_MAX}`,
      );
    try {
      await send(exchange, whose, options);
    } finally {
      release();
      if (!response.headersSent) response.removeHeader('Content-Disposition');
    }
  };
  return [{ method: 'GET', typeName: 'Party', path: '/party/data', operation: 'party:readData', handle }];
}

function subjectOf({ query, tenantId }: Exchange, { partyRoles }: PartyDataOptions): DataSubject {
  for (const name of query.keys())
    if (!['id', 'account'].includes(name))
      throw invalid(name, `there is no parameter '${abbreviated(name)}' here, but id and account`);
  const [party, ...others] = query.getAll('id');
  if (!party || others.length > 0) throw invalid('id', 'id names the party, once');
  const accounts = query.getAll('account');
  if (accounts.length > PARTY_DATA_ACCOUNTS_MAX)
    throw invalid(
      'account',
      `there are ${accounts.length} accounts: the limit PARTY_DATA_ACCOUNTS_MAX is ${PARTY_DATA_ACCOUNTS_MAX}`,
    );
  if ([party, ...accounts].some((id) => id.includes('\0'))) throw invalid('id', 'an id contains no NUL');
  return { tenantId, party, accounts, partyRoles };
}

function invalid(path: string, message: string): DomainError {
  return new DomainError('INVALID_QUERY', message, { path });
}

async function send(exchange: Exchange, whose: DataSubject, options: PartyDataOptions): Promise<void> {
  const { response } = exchange;
  const { database, domain } = options;
  const leaving = new AbortController();
  const leave = (): void => leaving.abort(new Error('the client went away'));
  response.once('close', leave);
  const late = setTimeout(leave, PARTY_DATA_MS_MAX);
  const { signal } = leaving;
  try {
    if (response.destroyed) leave();
    const replicaAt = await settledAt(database, exchange.replicaAt);
    await withSnapshot(database, { maxMs: PARTY_DATA_MS_MAX, signal, replicaAt }, async (reads) => {
      const read = options.openResources(exchange, reads);
      for (const resource of domain.heldResources) {
        for await (const ids of domain.heldIds(reads, resource, whose)) {
          signal.throwIfAborted();
          const type = JSON.stringify(upperFirst(resource));
          const lines = (await read(resource, ids)).map((text) => `{"type":${type},"resource":${text}}\n`);
          if (lines.length > 0) await write(exchange.open(), lines.join(''));
        }
      }
    });
    exchange.open().end();
  } finally {
    clearTimeout(late);
    response.removeListener('close', leave);
  }
}
