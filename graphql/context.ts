import type { WriteContext } from '../src/domain/changes.js';
import type { Domains } from '../src/domain/domains.js';
import type { RequestAudit } from '../src/platform/audit/request-audit.js';
import type { EventFeed } from './events/event-feed.js';
import type { SignedLinks } from './files/signed-link.js';
import { DomainError } from '../src/platform/errors.js';
import type { Principal } from '../src/platform/principal.js';
import type { WriteGuard } from '../src/platform/rights/guard.js';
import type { Access } from '../src/platform/rights/visibility.js';
import type { JsonObject } from '../src/platform/json-object.js';
import type { Reads } from '../src/platform/plan/reads.js';
import type { StatementScope } from '../src/platform/plan/statement.js';
import type { Answer } from '../src/platform/write/command.js';

/** What a resolver may use, the domains among it; src/app makes one per request. */
export interface Context extends Domains {
  readonly principal: Principal;
  /** What it may do and see. */
  readonly access: Access;
  /** In a mutation: what may be written, where that is not every row and any amount. */
  readonly guard?: WriteGuard;
  /** When the request came: the present, to all its reads. */
  readonly now: Date;
  readonly reads: Reads;
  /** In a query: a replica that has come to this position may answer it. */
  readonly replicaAt?: StatementScope['replicaAt'];
  /** Where addresses of ours begin, e.g. https://example.org. */
  readonly origin: string;
  /** The path of the collection of a resource in TMF REST. */
  collectionOf(typeName: string): string;
  /** The IANA zone in which days, weeks, months and years of a tenant begin. */
  zoneOf(tenantId: string): string;
  readonly limits: { readonly pageSizeDefault: number; readonly pageSizeMax: number };
  /** Aborted when the client goes before it has its answer: nothing more is begun for it, and its statements end. */
  readonly signal?: AbortSignal;
  /** The Idempotency-Key header, the default of every idempotencyKey argument. */
  readonly idempotencyKey: string | undefined;
  /**
   * What the client literally asked for, when the input of the mutation was computed from it and from the
   * stored resource (a JSON Patch): an idempotency key stands for this, not for the computed input.
   */
  requestedAs?: JsonObject;
  /** Of a subscription: where its events come from. */
  readonly events?: EventFeed;
  /** The records of what the request does, where such are kept. */
  readonly audit?: RequestAudit;
  /** The record of the mutation that runs. */
  readonly auditedWrite?: WriteContext['audit'];
  readonly links: SignedLinks;
  /** Canonical REST address of a resource of ours. */
  href(typeName: string, id: string): string;
  /** Told when an answer repeats an earlier one, for the Idempotency-Replayed header. */
  replayed(): void;
  /** Told when something was written that will be acknowledged, for the X-Database-Position header. */
  wrote(): Promise<void>;
  /** Told what each operation of the request costs, for the X-Operation-Cost header. */
  costs(points: number): void;
}

/** The same context but for these parts. Contexts share what is the same for all requests, so they cannot be spread. */
export function contextWith<Parts extends object>(context: Context, parts: Parts): Context & Parts {
  return Object.assign(Object.create(context) as Context, parts);
}

/** Who writes and under which key, as the domain wants it. */
export function writeContext(context: Context, idempotencyKey: string | null | undefined): WriteContext {
  const { principal, requestedAs, guard, auditedWrite } = context;
  return {
    ...(guard && { guard }),
    ...(principal.kind !== 'anonymous' && { keyOwner: `${principal.kind} ${principal.id}` }),
    tenantId: principal.tenantId,
    principalId: principal.id,
    audit: auditedWrite,
    idempotencyKey: idempotencyKey ?? context.idempotencyKey,
    requestedAs,
  };
}

/** Hands the answer of a write on, and notes when it (or its refusal) was given before. */
export async function relayAnswer(context: Context, answer: Promise<Answer>): Promise<object> {
  try {
    const { answer: row, replayed } = await answer;
    if (replayed) context.replayed();
    return row;
  } catch (error) {
    if (error instanceof DomainError && error.details.replayed) context.replayed();
    throw error;
  }
}
