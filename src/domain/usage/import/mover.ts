import type { Transaction } from '../../../platform/database/database.js';
import { runInSteps } from '../../../platform/jobs/steps.js';
import { withRetry } from '../../../platform/write/retry.js';
import { writeAll } from '../../../platform/write/write-all.js';
import { Names, writesOfNames } from '../../customer-directory/index.js';
import { findConflicts, moveLines, nextBatch, registerKeys, type Conflicts, type Range } from './move.store.js';
import type { ImportTask } from './import.store.js';
import type { ImportTasks, MoveOrder } from './tasks.js';

/** One transaction of it may take so long: an import of all or nothing is moved by one. */
const moveMaxMs = 3_600_000;
/** After so long a job looks again whether another one still moves the same import. */
const busySeconds = 2;
/** How often a batch is moved again because a usage whose key it found taken was deleted in that moment. */
const movesMax = 5;
/** Above every line. */
const lineNumberMax = 2_147_483_647;

/** What is left when a step is over: more, nothing, or something that another job is moving. */
type Rest = 'more' | 'nothing' | 'busy';

/** Keys that other usages have, with other data: an import of all or nothing is not moved. */
class KeysTaken extends Error {
  constructor(readonly conflicts: Conflicts) {
    super('external keys of an import are taken');
  }
}

/** Keys that were taken when they were to be registered, and free when they were looked for. */
class KeysFreed extends Error {}

/** Moves what was staged into the table of usages, in the background. */
export class ImportMover {
  constructor(private readonly tasks: ImportTasks) {}

  /** A piece of background work; what is left goes to the next one. */
  async move(order: MoveOrder, signal: AbortSignal): Promise<void> {
    const task = { tenantId: order.tenantId, id: order.importId };
    const step = async (): Promise<boolean> => {
      const rest = await this.step(order);
      if (rest === 'busy') await this.tasks.askToMove(task, busySeconds);
      return rest !== 'more';
    };
    await runInSteps(step, signal, this.tasks.dependencies.clock, () => this.tasks.askToMove(task));
  }

  /** Moves the next batch, or all at once. */
  private async step(order: MoveOrder): Promise<Rest> {
    for (let moves = 1; ; moves++) {
      try {
        return await withRetry(() =>
          this.tasks.database.transaction((tx) => this.moveIn(tx, order), { timeoutMs: moveMaxMs }),
        );
      } catch (error) {
        if (error instanceof KeysTaken) return this.refuseWhole(order, error.conflicts);
        if (!(error instanceof KeysFreed) || moves === movesMax) throw error;
      }
    }
  }

  private async moveIn(tx: Transaction, { tenantId, importId }: MoveOrder): Promise<Rest> {
    const { store } = this.tasks;
    if (!(await store.mayMove(tx, tenantId, importId))) return 'busy';
    const task = await store.read(tx, tenantId, importId);
    const isWhole = task?.mode === 'allOrNothing';
    const isOpen = task?.status === 'running' || (task?.status === 'failed' && !task.isReceived);
    if (task === undefined || !isOpen || (isWhole && !task.isReceived)) return 'nothing';
    if (isWhole && task.rejected > 0) return this.failWhole(tx, task);
    const from = await nextBatch(tx, tenantId, importId);
    if (from !== undefined) {
      await this.moveBatches(tx, task, { tenantId, importId, from, to: isWhole ? lineNumberMax : from });
      if (!isWhole) return 'more';
    }
    // Otherwise more of it is on its way.
    if (task.isReceived) await this.tasks.setStatus(tx, task, 'succeeded');
    return 'nothing';
  }

  private async moveBatches(tx: Transaction, task: ImportTask, range: Range): Promise<void> {
    const { store, dependencies } = this.tasks;
    await registerKeys(tx, range);
    const conflicts = task.mode === 'allOrNothing' ? await findConflicts(tx, range) : undefined;
    if (conflicts && conflicts.count > 0) throw new KeysTaken(conflicts);
    const { usage } = dependencies.mappings;
    const { named, ...moved } = await moveLines(tx, usage, range, this.tasks.now());
    if (moved.open > 0) throw new KeysFreed(`${moved.open} lines have keys that are being freed`);
    await writeAll(tx, writesOfNames(range.tenantId, new Names().add(usage.name, named)));
    await store.count(tx, task, moved, this.tasks.now());
  }

  private refuseWhole({ tenantId, importId }: MoveOrder, { count, problems }: Conflicts): Promise<Rest> {
    return withRetry(() =>
      this.tasks.database.transaction(async (tx) => {
        const task = await this.tasks.store.lock(tx, tenantId, importId);
        if (task?.status !== 'running') return 'nothing';
        await this.tasks.store.addProblems(tx, task, count, problems);
        return this.failWhole(tx, { ...task, rejected: task.rejected + count });
      }),
    );
  }

  private async failWhole(tx: Transaction, task: ImportTask): Promise<Rest> {
    await this.tasks.store.deleteBatches(tx, task.tenantId, task.id);
    await this.tasks.setStatus(
      tx,
      task,
      'failed',
      `${task.rejected} of ${task.lines} lines were refused, so none was taken`,
    );
    return 'nothing';
  }
}
