import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { enterTenant } from '../../platform/database/tenant-scope.js';
import type { DomainError } from '../../platform/errors.js';
import type { Principal } from '../../platform/principal.js';
import type { Authentication } from '../authentication/authentication.js';
import type { SignedRequest } from '../links/signed-links.js';
import { Unauthenticated } from '../authentication/unauthenticated.js';
import { toRefusal } from '../refusal.js';
import { answerFailure } from './failure.js';

/** How a transport refuses a request before it has looked at it. */
export type Refuse = (request: IncomingMessage, response: ServerResponse, refusal: DomainError) => void;

/**
 * Goes on with a request when it is known who sends it, at once where that is known; otherwise answers with a refusal.
 * `signed` is what a request for a file comes with instead of a header.
 */
export type Gate = (
  request: IncomingMessage,
  response: ServerResponse,
  refuse: Refuse,
  goOn: () => void,
  signed?: SignedRequest,
) => void;

export interface GateOptions {
  readonly authentication: Authentication;
  /** Who sends a request that the gate has let in. */
  principalOf(this: void, request: IncomingMessage): Principal;
  /** Counts requests before and behind the gate, where quotas are set. */
  readonly throttle: ((gate: Gate) => Gate) | undefined;
  /** Whether requests run in the scope of their tenant. */
  readonly isScoped: boolean;
  readonly logger: Logger;
}

/** The gate of a server, the same for all transports. */
export function createServerGate({ authentication, principalOf, throttle, isScoped, logger }: GateOptions): Gate {
  const identified = createGate(authentication, logger);
  const admitted = throttle ? throttle(identified) : identified;
  return isScoped ? withinTenant(admitted, principalOf) : admitted;
}

/** Lets a request go on in the scope of its tenant, so that its statements see only rows of that. */
export function withinTenant(gate: Gate, principalOf: (request: IncomingMessage) => Principal): Gate {
  return (request, response, refuse, goOn, signed) =>
    gate(request, response, refuse, () => enterTenant(principalOf(request).tenantId, goOn), signed);
}

export function createGate(authentication: Authentication, logger: Logger): Gate {
  const refuseBy = (request: IncomingMessage, response: ServerResponse, refuse: Refuse, error: unknown): void => {
    const refusal = toRefusal(error, logger);
    if (refusal.code === 'RATE_LIMITED') response.setHeader('Retry-After', '1');
    if (refusal instanceof Unauthenticated) response.setHeader('WWW-Authenticate', refusal.challenge);
    refuse(request, response, refusal);
  };
  return (request, response, refuse, goOn, signed) => {
    let admitted;
    try {
      admitted = authentication.admit(request, signed);
    } catch (error) {
      refuseBy(request, response, refuse, error);
      return;
    }
    if (!(admitted instanceof Promise)) {
      goOn();
      return;
    }
    admitted
      .then(
        () => {
          // The client may have gone meanwhile: nobody would tell who reads its body.
          if (!response.destroyed) goOn();
        },
        (error: unknown) => {
          if (!response.destroyed) refuseBy(request, response, refuse, error);
        },
      )
      .catch((error: unknown) => answerFailure(error, response, logger));
  };
}
