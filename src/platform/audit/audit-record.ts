import { Prisma } from '../../../prisma/generated/client.js';
import type { IdSource } from '../ids.js';
import type { JsonObject } from '../json-object.js';
import type { PrincipalKind } from '../principal.js';
import type { Outcome } from '../write/idempotency.js';
import type { Write } from '../write/write-all.js';

/** Ids that one record names; a bulk operation that is about more of them says how many. */
const idsMax = 100;
const detailLengthMax = 500;
const operationLengthMax = 200;

export type AuditTransport = 'rest' | 'graphql' | 'file';

/** What came of it: done; refused by a rule or a right; failed for a reason of the server's; or begun, where it takes long. */
export type AuditOutcome = 'done' | 'refused' | 'failed' | 'begun';

/** Who asks, from where, and by which request. */
export interface AuditedRequest {
  readonly tenantId: string;
  readonly principalId: string;
  readonly principalKind: PrincipalKind;
  /** The API key, where one was used. */
  readonly keyId?: string;
  /** Of the client; of IPv6 its /64 network. */
  readonly address: string;
  readonly requestId: string;
  readonly transport: AuditTransport;
}

/** What was asked for: an operation of the schema, or method and path of a request that did not come so far. */
export interface AuditedOperation {
  readonly operation: string;
  /** Name of the resource, e.g. topupBalance. */
  readonly resourceType?: string;
}

/** How it ended, and what it was about. */
export interface AuditEnd {
  readonly outcome: AuditOutcome;
  /** Of the error that it ended with. */
  readonly code?: string;
  readonly resourceType?: string;
  readonly resourceIds?: readonly string[];
  readonly detail?: string;
}

/** A record as it is stored. */
export interface AuditRow extends AuditedRequest, AuditedOperation, AuditEnd {
  readonly id: string;
  readonly at: string;
}

/** The record of one operation. */
export function auditRow(
  request: AuditedRequest,
  { operation, resourceType }: AuditedOperation,
  { detail, resourceIds = [], ...end }: AuditEnd,
  at: Date,
  nextId: IdSource,
): AuditRow {
  const isCut = resourceIds.length > idsMax;
  const told = [isCut ? `${resourceIds.length} in all` : undefined, detail].filter((text) => text !== undefined);
  return {
    ...request,
    resourceType,
    ...end,
    operation: operation.slice(0, operationLengthMax),
    id: nextId(at),
    at: at.toISOString(),
    ...(resourceIds.length > 0 && { resourceIds: isCut ? resourceIds.slice(0, idsMax) : resourceIds }),
    ...(told.length > 0 && { detail: told.join(': ').slice(0, detailLengthMax) }),
  };
}

/**
 * The record of a write. Who commits the write writes it in the same transaction, so that no change is without its record, and
 * then says so; whoever asked for the write records what was left without.
 */
export class AuditedWrite {
  private isThere = false;

  constructor(
    private readonly request: AuditedRequest,
    private readonly asked: AuditedOperation,
    private readonly nextId: IdSource,
  ) {}

  /** The record that belongs into the transaction of the write, by what the write comes to. */
  rowOf(outcome: Outcome, at: Date): AuditRow {
    return this.rowOfEnd(endOf(outcome), at);
  }

  rowOfEnd(end: AuditEnd, at: Date): AuditRow {
    return auditRow(this.request, this.asked, end, at, this.nextId);
  }

  /** The transaction with the record is committed. */
  recorded(): void {
    this.isThere = true;
  }

  get isRecorded(): boolean {
    return this.isThere;
  }
}

function endOf(outcome: Outcome): AuditEnd {
  if ('answer' in outcome) return { outcome: 'done', resourceIds: idsOf(outcome.answer) };
  const { code, message, reference } = outcome.refusal;
  return {
    outcome: 'refused',
    code,
    detail: message,
    ...(reference && { resourceType: reference.type, resourceIds: [reference.id] }),
  };
}

/** The id of an answer, or those of its items. */
export function idsOf(answer: unknown): string[] {
  const items = (answer as JsonObject | null)?.['items'] ?? answer;
  return (Array.isArray(items) ? items : [items]).flatMap((item: unknown) => {
    const id = typeof item === 'object' && item !== null ? (item as { id?: unknown }).id : item;
    return typeof id === 'string' ? [id] : [];
  });
}

/** Inserts records of one tenant. */
export function insertAuditRecords(tenantId: string, rows: readonly AuditRow[]): Write {
  if (rows.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "AuditRecord" ("tenantId", "id", "at", "principalId", "principalKind", "keyId", "address", "requestId", "transport",
      "operation", "resourceType", "resourceIds", "outcome", "code", "detail")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
      "id" text, "at" timestamptz, "principalId" text, "principalKind" text, "keyId" text, "address" text, "requestId" text,
      "transport" text, "operation" text, "resourceType" text, "resourceIds" jsonb, "outcome" text, "code" text, "detail" text)`;
}
