import { DomainError } from '../../../platform/errors.js';
import { toJsonObject, withoutNulls } from '../../../platform/json-object.js';
import { runCommand, type Answer } from '../../../platform/write/command.js';
import { idempotencyOf } from '../../../platform/write/idempotency.js';
import { withRetry } from '../../../platform/write/retry.js';
import { deleteRow, lockRow } from '../../../platform/write/rows.js';
import { writeAll } from '../../../platform/write/write-all.js';
import { requireRevision, type WriteContext } from '../../changes.js';
import { changeEvent } from '../../events.js';
import { ResourceWriter } from '../../resource-writer.js';
import { fromImportInput, type ImportInput } from './import-input.js';
import { ImportMover } from './mover.js';
import type { Problem } from './store.js';
import type { ImportTasks, MoveOrder } from './tasks.js';
import { Upload } from './upload.js';

/** A running upload that brings nothing for so long has broken off, whatever became of the server that took it. */
const silenceMaxMs = 600_000;
/** And is given up when nobody goes on with it. */
const abandonedAfterDays = 7;
const abandonedAfterMs = abandonedAfterDays * 24 * 3_600_000;

/** Files of usages: each is a task that is uploaded, staged line by line, and moved in the background. */
export class UsageImports extends ResourceWriter<ImportInput> {
  private readonly mover: ImportMover;

  constructor(private readonly tasks: ImportTasks) {
    super(tasks.database, tasks.dependencies, {
      resource: 'usageImport',
      mapping: tasks.dependencies.mappings.usageImport,
      begins: { attribute: 'status', allowed: ['notStarted'] },
      fromInput: (input) => fromImportInput(withoutNulls(toJsonObject(input))),
      complete: (given, { now }) =>
        Promise.resolve({
          ...given,
          status: 'notStarted',
          creationDate: now.toISOString(),
          lines: 0,
          accepted: 0,
          duplicates: 0,
          rejected: 0,
        }),
    });
    this.mover = new ImportMover(tasks);
  }

  /** Removes the task and what it tells of its lines; the usages stay. Whoever moves them holds their lock before that of the task. */
  override delete(context: WriteContext, id: string, ifRevision?: number): Promise<Answer> {
    const { store, database, dependencies } = this.tasks;
    const { clock, nextId, mappings } = dependencies;
    const { tenantId } = context;
    const idempotency = idempotencyOf(context.idempotencyKey, 'deleteUsageImport', { id });
    return runCommand(database, clock, { tenantId, idempotency }, async (tx, now) => {
      await store.awaitMove(tx, tenantId, id);
      const before = requireRevision(
        await lockRow(tx, mappings.usageImport, tenantId, id),
        'usageImport',
        id,
        ifRevision,
      );
      if (before['status'] === 'running')
        throw new DomainError('CONFLICT', `usageImport '${id}' is running and cannot be deleted`, { path: 'status' });
      await store.forgetBatches(tx, tenantId, id);
      await store.forgetProblems(tx, tenantId, id);
      await writeAll(tx, [deleteRow(mappings.usageImport, tenantId, id)]);
      return { answer: { id }, events: [changeEvent('usageImport', 'Delete', before, now, nextId)] };
    });
  }

  /**
   * Begins an upload, or goes on with one that broke off: an earlier one that still runs is cut off. Throws NOT_FOUND,
   * UNSUPPORTED_MEDIA_TYPE, and CONFLICT when the file has come already.
   */
  async begin(tenantId: string, id: string, contentType: string): Promise<Upload> {
    const { database, store } = this.tasks;
    const task = await withRetry(() =>
      database.transaction(async (tx) => {
        const locked = await this.tasks.require(tx, tenantId, id);
        if (locked.isReceived)
          throw new DomainError('CONFLICT', `usageImport '${id}' has had its file, or its time is over`, {
            path: 'id',
          });
        if (locked.contentType !== contentType)
          throw new DomainError(
            'UNSUPPORTED_MEDIA_TYPE',
            `Content-Type '${contentType}' is not that of the task, ${locked.contentType}`,
          );
        const counted = await store.countUpload(tx, locked, this.tasks.now());
        await this.tasks.turn(tx, locked, 'running');
        return { ...counted, status: 'running' };
      }),
    );
    return new Upload(this.tasks, task);
  }

  /** Whether the file of a task has come to its end. */
  async isReceived(tenantId: string, id: string): Promise<boolean> {
    return (await withRetry(() => this.tasks.database.transaction((tx) => this.tasks.require(tx, tenantId, id))))
      .isReceived;
  }

  /** The first lines that were refused; undefined when there is no such task. */
  problems(tenantId: string, id: string): Promise<Problem[] | undefined> {
    return this.tasks.store.problems(tenantId, id);
  }

  move(order: MoveOrder, signal: AbortSignal): Promise<void> {
    return this.mover.move(order, signal);
  }

  /** Takes up what others left, at once: the jobs of a server that died are given to somebody else only when their lease is over. */
  async resume(): Promise<void> {
    for (const task of await this.tasks.store.findMovable()) await this.tasks.askToMove(task);
  }

  /** Ends uploads whose server died, gives up those that nobody went on with, and sees to it that the others go on. */
  async supervise(signal: AbortSignal): Promise<void> {
    const now = this.tasks.now().getTime();
    for (const task of await this.tasks.store.findSilent('running', new Date(now - silenceMaxMs))) {
      if (signal.aborted) return;
      await this.tasks.interrupt(task, `the upload broke off behind line ${task.lastLine}`);
    }
    for (const { tenantId, id } of await this.tasks.store.findSilent('failed', new Date(now - abandonedAfterMs))) {
      if (signal.aborted) return;
      await this.abandon(tenantId, id);
    }
    await this.resume();
  }

  private async abandon(tenantId: string, id: string): Promise<void> {
    const { database, store } = this.tasks;
    await database.transaction(async (tx) => {
      await store.awaitMove(tx, tenantId, id);
      const task = await store.lock(tx, tenantId, id);
      if (task?.status !== 'failed' || task.isReceived) return;
      await store.forgetBatches(tx, tenantId, id);
      await store.close(tx, task, this.tasks.now());
      await this.tasks.turn(
        tx,
        task,
        'failed',
        `the upload broke off behind line ${task.lastLine} and was given up: nobody sent the file again for ${abandonedAfterDays} days`,
      );
    });
  }
}
