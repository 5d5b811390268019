import { DomainError } from '../../../platform/errors.js';
import { systemPrincipalId } from '../../../platform/principal.js';
import type { Answer } from '../../../platform/write/command.js';
import { deleteOutdated } from '../../../platform/write/forget.js';
import { withRetry } from '../../../platform/write/retry.js';
import { lockRow } from '../../../platform/write/rows.js';
import { requireRevision, type WriteContext } from '../../changes.js';
import { requireOneOf, toGiven } from '../../input.js';
import { ResourceWriter } from '../../resource-writer.js';
import type { ImportRow, UsageDependencies } from '../model.js';
import { firstTaskStatus } from '../transitions.js';
import { ImportMover } from './mover.js';
import type { Problem } from './import.store.js';
import type { ImportTasks, MoveOrder } from './tasks.js';
import { Upload } from './upload.js';

/** A running upload that has delivered nothing for so long has broken off, whether or not its server still runs. */
const silenceMaxMs = 600_000;
/** An import that broke off and was not continued for so long is abandoned. */
const abandonedAfterDays = 7;
const abandonedAfterMs = abandonedAfterDays * 24 * 3_600_000;

/** What becomes of the lines that can be taken when some cannot. */
const importModes = ['skipBad', 'allOrNothing'] as const;

/** The attributes that the rules read; all others are stored as they arrive. */
export interface ImportInput {
  mode?: string | null;
  contentType?: string | null;
}

/** Files of usages: each is a task that is uploaded, staged line by line, and moved in the background. */
export class UsageImports extends ResourceWriter<
  'usageImport',
  ImportRow,
  ImportInput,
  ReturnType<typeof fromImportInput>
> {
  private readonly mover: ImportMover;

  constructor(private readonly tasks: ImportTasks) {
    super(tasks.database, tasks.dependencies, {
      resource: 'usageImport',
      mapping: tasks.dependencies.mappings.usageImport,
      begins: { attribute: 'status', allowed: [firstTaskStatus] },
      fromInput: (input) => fromImportInput(input, tasks.dependencies),
      complete: (given, { now }) => ({
        ...given,
        status: firstTaskStatus,
        creationDate: now.toISOString(),
        lines: 0,
        accepted: 0,
        duplicates: 0,
        rejected: 0,
      }),
    });
    this.mover = new ImportMover(tasks);
  }

  /** Deletes the task and what it recorded of its lines; the usages stay. Throws CONFLICT while it is running. */
  override delete(context: WriteContext, id: string, ifRevision?: number): Promise<Answer<{ id: string }>> {
    const { store, dependencies } = this.tasks;
    const mapping = dependencies.mappings.usageImport;
    return this.run(context, this.operation('delete'), { id }, async ({ tx, tenantId }, changes) => {
      // A transaction that moves its lines takes this lock before that of the task.
      await store.awaitMove(tx, tenantId, id);
      const before = requireRevision(await lockRow(tx, mapping, tenantId, id), 'usageImport', id, ifRevision);
      if (before.status === 'running')
        throw new DomainError('CONFLICT', `usageImport '${id}' is running and cannot be deleted`, { path: 'status' });
      await store.deleteBatches(tx, tenantId, id);
      await store.deleteProblems(tx, tenantId, id);
      changes.delete(mapping, before);
      return { answer: { id } };
    });
  }

  /**
   * Begins an upload, or continues one that broke off: an earlier one that still runs is cut off. `requireType` refuses a
   * file of another type than that of the task. Throws NOT_FOUND, and CONFLICT when the file has come already.
   */
  async begin(
    { tenantId, principalId }: WriteContext,
    id: string,
    requireType: (contentType: string) => void,
  ): Promise<Upload> {
    const { database, store } = this.tasks;
    const task = await withRetry(() =>
      database.transaction(async (tx) => {
        const locked = await this.tasks.require(tx, tenantId, id);
        if (locked.isReceived)
          throw new DomainError('CONFLICT', `usageImport '${id}' has had its file, or its time is over`, {
            path: 'id',
          });
        requireType(locked.contentType);
        const counted = await store.countUpload(tx, locked, this.tasks.now());
        await this.tasks.setStatus(tx, locked, 'running');
        return { ...counted, status: 'running' };
      }),
    );
    return new Upload(this.tasks, task, principalId);
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

  /** A piece of background work: moves lines that were staged; what is left goes to the next one. */
  move(order: MoveOrder, signal: AbortSignal): Promise<void> {
    return this.mover.move(order, signal);
  }

  /** Resumes at once what others left: the jobs of a server that died would wait until their lease is over. */
  async resume(): Promise<void> {
    for (const task of await this.tasks.store.findMovable()) await this.tasks.askToMove(task);
  }

  /** Ends uploads whose server died, abandons those that nobody continued, and resumes the others. */
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

  /** Deletes tasks that ended before that, with what they recorded of their lines. */
  forget(before: Date, signal: AbortSignal): Promise<number> {
    return deleteOutdated(
      (after, limit) => this.tasks.store.findOld(before, after, limit),
      ({ tenantId, id }) => this.delete({ tenantId, principalId: systemPrincipalId }, id),
      signal,
    );
  }

  private async abandon(tenantId: string, id: string): Promise<void> {
    const { database, store } = this.tasks;
    await database.transaction(async (tx) => {
      await store.awaitMove(tx, tenantId, id);
      const task = await store.lock(tx, tenantId, id);
      if (task?.status !== 'failed' || task.isReceived) return;
      await store.deleteBatches(tx, tenantId, id);
      await store.close(tx, task, this.tasks.now());
      await this.tasks.setStatus(
        tx,
        task,
        'failed',
        `the upload broke off behind line ${task.lastLine} and was given up: nobody sent the file again for ${abandonedAfterDays} days`,
      );
    });
  }
}

/** A new task as it is kept. */
function fromImportInput(
  input: ImportInput,
  { contentTypes }: UsageDependencies,
): Partial<ImportRow> & Pick<ImportRow, 'mode' | 'contentType'> {
  const { mode = 'skipBad', contentType = contentTypes[0], ...described } = toGiven<ImportRow>(input);
  requireOneOf('mode', importModes, mode);
  requireOneOf('contentType', contentTypes, contentType);
  return { ...described, mode, contentType };
}
