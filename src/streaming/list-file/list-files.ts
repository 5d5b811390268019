import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Database } from '../../platform/database/database.js';
import type { Position } from '../../platform/database/positions.js';
import { DomainError } from '../../platform/errors.js';
import { settledAt, withSnapshot, type SnapshotReads } from '../../platform/read/snapshot.js';
import { Semaphore } from '../../platform/semaphore.js';
import { write } from '../write.js';
import { LIST_FILE_MS_MAX, LIST_FILES_MAX, LIST_FILES_PER_CLIENT_MAX } from '../limits.js';
import { csvHead, csvRows, type ListColumn } from './csv.js';

/** A list, and where it goes. */
export interface ListTransfer {
  readonly response: ServerResponse;
  /** The client's address, or its network for IPv6. */
  readonly client: string;
  /** A replica that has come to this position may be read for it; absent: none may. */
  readonly replicaAt: Position | undefined;
  /** Of CSV; absent: a JSON text on each line. */
  readonly columns?: readonly ListColumn[];
  /** JSON texts of the items, page by page. */
  pages(reads: SnapshotReads): AsyncIterable<readonly string[]>;
  /** The body; from then on no refusal can replace the answer. */
  open(): Writable;
}

/** Rows that are made CSV in one go; between two goes others get their turn. */
const csvRowsAtOnce = 100;

/** Sends lists as files, as they are at one instant on PostgreSQL, and no faster than the client reads. */
export class ListFiles {
  private readonly slots = new Semaphore(LIST_FILES_MAX, LIST_FILES_PER_CLIENT_MAX);
  private readonly transfers = new Set<Promise<void>>();

  constructor(private readonly database: Database) {}

  /** @throws DomainError UNAVAILABLE when too many are being sent; whatever else, after which the answer must not look whole */
  send(transfer: ListTransfer): Promise<void> {
    const sending = this.transfer(transfer);
    this.transfers.add(sending);
    return sending.finally(() => this.transfers.delete(sending));
  }

  /** Resolves when all that were begun are finished, even those whose connection is gone. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.transfers);
  }

  private async transfer({ response, client, replicaAt, columns, pages, open }: ListTransfer): Promise<void> {
    const release = this.slots.tryAcquire(client);
    if (release === 'full') throw tooMany('', 'LIST_FILES_MAX', LIST_FILES_MAX);
    if (release === 'full for this client')
      throw tooMany(' to this client', 'LIST_FILES_PER_CLIENT_MAX', LIST_FILES_PER_CLIENT_MAX);
    const ending = new AbortController();
    const { signal } = ending;
    const leave = (): void => ending.abort(new DomainError('UNAVAILABLE', 'the client went away'));
    const late = setTimeout(
      () =>
        ending.abort(
          new DomainError(
            'UNAVAILABLE',
            `the file took longer than the limit LIST_FILE_MS_MAX of ${LIST_FILE_MS_MAX} ms`,
          ),
        ),
      LIST_FILE_MS_MAX,
    );
    response.once('close', leave);
    try {
      if (response.destroyed) leave();
      const readableAt = await settledAt(this.database, replicaAt);
      await withSnapshot(this.database, { maxMs: LIST_FILE_MS_MAX, signal, replicaAt: readableAt }, async (reads) => {
        if (columns) await write(open(), csvHead(columns));
        for await (const items of pages(reads)) {
          signal.throwIfAborted();
          await (columns ? sendRows(open(), columns, items) : write(open(), items.map((item) => `${item}\n`).join('')));
        }
      });
      open().end();
    } catch (error) {
      // A cancelled statement says no more than that it was.
      throw signal.aborted ? signal.reason : error;
    } finally {
      clearTimeout(late);
      response.removeListener('close', leave);
      release();
    }
  }
}

async function sendRows(out: Writable, columns: readonly ListColumn[], items: readonly string[]): Promise<void> {
  for (let at = 0; at < items.length; at += csvRowsAtOnce) {
    await write(out, csvRows(columns, items.slice(at, at + csvRowsAtOnce)));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function tooMany(whom: string, name: string, max: number): DomainError {
  return new DomainError(
    'UNAVAILABLE',
    `too many lists are being sent as files${whom}, try again later: the limit ${name} is ${max}`,
  );
}
