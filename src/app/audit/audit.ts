import { RequestAudit, type IsOwn } from '../../platform/audit/request-audit.js';
import type { AuditTransport } from '../../platform/audit/audit-record.js';
import { AuditWriter } from '../../platform/audit/audit-writer.js';
import { keepAuditPartitions } from '../../platform/audit/partitions.js';
import type { Principal } from '../../platform/principal.js';
import type { AppContext } from '../app-context.js';
import type { RepeatingWork } from '../jobs.js';

const DAY_MS = 24 * 3_600_000;

/** What is recorded of what this server does for others (docs/audit.md). */
export interface Audit {
  /** The records of one request. */
  of(
    principal: Principal,
    isOwn: IsOwn,
    request: { address: string; requestId: string; transport: AuditTransport },
  ): RequestAudit;
  /** Makes the place that the first records go to. */
  prepare(): Promise<void>;
  readonly repeatingWork: RepeatingWork;
  /** Writes what waits. */
  close(): Promise<void>;
}

/** Undefined where no records are kept. */
export function createAudit({ config, database, clock, nextId, logger }: AppContext): Audit | undefined {
  if (!config.isAuditKept) return undefined;
  const writer = new AuditWriter(database, logger);
  const dependencies = { writer, clock, nextId };
  const keepPartitions = async (): Promise<void> => {
    const now = clock.now();
    await keepAuditPartitions(database, { now, keepFrom: new Date(now.getTime() - config.auditDays * DAY_MS) }, logger);
  };
  return {
    of: (principal, isOwn, request) => new RequestAudit(dependencies, principal, isOwn, request),
    prepare: keepPartitions,
    repeatingWork: { name: 'keep-audit-partitions', everySeconds: 3_600, expireInSeconds: 600, run: keepPartitions },
    close: () => writer.close(),
  };
}
