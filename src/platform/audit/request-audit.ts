import type { Clock } from '../clock.js';
import { DomainError, declarationOf } from '../errors.js';
import type { IdSource } from '../ids.js';
import type { Principal } from '../principal.js';
import {
  AuditedWrite,
  auditRow,
  idsOf,
  type AuditedOperation,
  type AuditedRequest,
  type AuditEnd,
} from './audit-record.js';
import type { AuditWriter } from './audit-writer.js';

/** A resource, or a list of them, that is read. */
export interface ReadResource {
  /** e.g. bucket. */
  readonly type: string;
  /** Absent in a list. */
  readonly ids?: readonly string[];
}

/** Whether what is read can only be the principal's own: such reads are not recorded. */
export type IsOwn = (resource: ReadResource) => boolean;

export interface AuditDependencies {
  readonly writer: AuditWriter;
  readonly clock: Clock;
  readonly nextId: IdSource;
}

/** The records of one request. */
export class RequestAudit {
  private hasRecord = false;
  private readonly request: AuditedRequest;

  constructor(
    private readonly dependencies: AuditDependencies,
    private readonly principal: Principal,
    private readonly isOwn: IsOwn,
    request: Pick<AuditedRequest, 'address' | 'requestId' | 'transport'>,
  ) {
    const { tenantId, id, kind, keyId } = principal;
    this.request = { ...request, tenantId, principalId: id, principalKind: kind, keyId };
  }

  /** Whether anything of the request is recorded. */
  get isRecorded(): boolean {
    return this.hasRecord;
  }

  /** Whether reads are recorded at all: those of a person are, unless all is theirs. */
  get watchesReads(): boolean {
    return this.principal.kind === 'person';
  }

  /** Runs a write, and records it unless its transaction has done so. */
  async write<T>(asked: AuditedOperation, work: (write: AuditedWrite) => Promise<T> | T): Promise<T> {
    this.hasRecord = true;
    const write = new AuditedWrite(this.request, asked, this.dependencies.nextId);
    try {
      const result = await work(write);
      // It found everything done already, or its domain keeps no record with its changes.
      if (!write.isRecorded) await this.keep(asked, { outcome: 'done', resourceIds: idsOf(result) });
      return result;
    } catch (error) {
      if (!write.isRecorded) await this.keep(asked, failureOf(error));
      throw error;
    }
  }

  /** Records that a write was refused before it began. */
  async refused(asked: AuditedOperation, error: unknown): Promise<void> {
    this.hasRecord = true;
    await this.keep(asked, failureOf(error));
  }

  /** Records what takes long before it begins. */
  async begun(asked: AuditedOperation, ids: readonly string[]): Promise<void> {
    this.hasRecord = true;
    await this.keep(asked, { outcome: 'begun', resourceIds: ids });
  }

  /** Records a read by a person of what is somebody else's; nobody waits for that. */
  read(
    asked: AuditedOperation & { readonly resourceType: string },
    end: Omit<AuditEnd, 'outcome'>,
    error?: unknown,
  ): void {
    if (!this.watchesReads) return;
    if (this.isOwn({ type: asked.resourceType, ids: end.resourceIds })) return;
    const { detail, ...failure } =
      error === undefined ? { outcome: 'done' as const, detail: undefined } : failureOf(error);
    void this.keep(asked, { ...end, ...failure, detail: end.detail ?? detail });
  }

  private keep(asked: AuditedOperation, end: AuditEnd): Promise<void> {
    const { writer, clock, nextId } = this.dependencies;
    return writer.keep(auditRow(this.request, asked, end, clock.now(), nextId));
  }
}

/** An error that is no refusal is a defect or an outage: what it was is in the log. */
function failureOf(thrown: unknown): AuditEnd & { detail?: string } {
  const original = innermost(thrown);
  // What GraphQL itself refuses: variables, for example.
  if (original instanceof Error && original.name === 'GraphQLError')
    return { outcome: 'refused', code: 'BAD_USER_INPUT', detail: original.message };
  if (!(original instanceof DomainError)) return { outcome: 'failed', code: 'INTERNAL' };
  const { code, message, details } = original;
  const { kind } = declarationOf(code);
  return {
    outcome: kind === 'internal' || kind === 'unavailable' ? 'failed' : 'refused',
    code,
    detail: message,
    ...(details.reference && { resourceType: details.reference.type, resourceIds: [details.reference.id] }),
  };
}

/** GraphQL wraps what was thrown. */
function innermost(thrown: unknown): unknown {
  let inner = thrown;
  for (let depth = 0; depth < 5; depth++) {
    const { originalError } = (inner ?? {}) as { originalError?: unknown };
    if (originalError === undefined || originalError === null) break;
    inner = originalError;
  }
  return inner;
}
