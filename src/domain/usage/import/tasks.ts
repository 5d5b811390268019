import type { Database, Transaction } from '../../../platform/database/database.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import { toStorable } from '../../../platform/storable-text.js';
import type { Job } from '../../../platform/jobs/jobs.js';
import type { JsonObject } from '../../../platform/json-object.js';
import { withRetry } from '../../../platform/write/retry.js';
import { lockRow } from '../../../platform/write/rows.js';
import { requireRevision } from '../../changes.js';
import { ResourceChanges } from '../../resource-changes.js';
import { requireTransition } from '../../transitions.js';
import type { UsageDependencies } from '../model.js';
import { importTransitions } from '../transitions.js';
import { ImportStore, type ImportTask } from './import.store.js';

/** Which import a background job continues. */
export interface MoveOrder extends JsonObject {
  tenantId: string;
  importId: string;
}

/** The tasks as those who upload and those who move see them. */
export class ImportTasks {
  readonly store: ImportStore;

  constructor(
    readonly database: Database,
    readonly dependencies: UsageDependencies,
    readonly moves: Job<MoveOrder>,
  ) {
    this.store = new ImportStore(database);
  }

  /** The time of the server's clock. */
  now(): Date {
    return this.dependencies.clock.now();
  }

  /** Asks for its lines to be moved. Of those who ask at the same time one is enough. */
  async askToMove({ tenantId, id }: Pick<ImportTask, 'tenantId' | 'id'>, startAfterSeconds?: number): Promise<void> {
    await this.moves.send({ tenantId, importId: id }, { singletonKey: id, startAfterSeconds });
  }

  /** The task, locked until the transaction ends. Throws NOT_FOUND. */
  async require(tx: Transaction, tenantId: string, id: string): Promise<ImportTask> {
    const task = await this.store.lock(tx, tenantId, id);
    if (task === undefined) throw new DomainError('NOT_FOUND', `usageImport '${abbreviated(id)}' does not exist`);
    return task;
  }

  /** The upload broke off: the task says why, and continues when the file is sent again. */
  async interrupt(
    { tenantId, id, uploads }: Pick<ImportTask, 'tenantId' | 'id' | 'uploads'>,
    message: string,
  ): Promise<void> {
    await withRetry(() =>
      this.database.transaction(async (tx) => {
        const task = await this.store.lock(tx, tenantId, id);
        // Another upload may have begun since: it is not to suffer from this one.
        if (task?.status !== 'running' || task.isReceived || task.uploads !== uploads) return;
        await this.setStatus(
          tx,
          task,
          'failed',
          `${toStorable(message)}; send the file again to go on behind line ${task.lastLine}`,
        );
      }),
    );
  }

  /** The only place where an import that exists gets a status; each time it is announced, with its message. */
  async setStatus(
    tx: Transaction,
    { tenantId, id, status: from }: ImportTask,
    status: string,
    message?: string,
  ): Promise<void> {
    const { nextId, mappings } = this.dependencies;
    requireTransition(importTransitions, `usageImport '${id}'`, from, status);
    const now = this.now();
    const before = requireRevision(await lockRow(tx, mappings.usageImport, tenantId, id), 'usageImport', id, undefined);
    const completionDate = status === 'running' ? null : now.toISOString();
    const changes = new ResourceChanges({ tx, tenantId, now }, nextId);
    const set = { status, completionDate, message: message ?? null };
    changes.update(mappings.usageImport, before, set, { as: 'StateChange' });
    await changes.flush();
  }
}
