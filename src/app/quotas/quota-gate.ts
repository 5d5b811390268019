import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { DomainError } from '../../platform/errors.js';
import type { Principal } from '../../platform/principal.js';
import type { Standing, Verdict } from '../../platform/quota/counters.js';
import { answerFailure } from '../http/failure.js';
import type { Gate, Refuse } from '../http/gate.js';
import type { Quotas } from './quotas.js';

export interface QuotaGateOptions {
  readonly quotas: Quotas;
  clientOf(request: IncomingMessage): string;
  principalOf(request: IncomingMessage): Principal;
  readonly logger: Logger;
}

/** Counts a request by its address, lets `gate` find out who sends it, and counts it by that. */
export function withQuotas(gate: Gate, { quotas, clientOf, principalOf, logger }: QuotaGateOptions): Gate {
  const pass = (
    request: IncomingMessage,
    response: ServerResponse,
    refuse: Refuse,
    counted: Verdict | undefined | Promise<Verdict | undefined>,
    goOn: () => void,
  ): void => {
    const decide = (verdict: Verdict | undefined): void => {
      if (response.destroyed) return;
      if (verdict) tell(response, verdict.standings);
      const refusal = verdict && refusalOf(verdict.exceeded);
      if (refusal === undefined) {
        goOn();
        return;
      }
      response.setHeader('Retry-After', String(Math.max(...(verdict?.exceeded ?? []).map(({ resets }) => resets))));
      refuse(request, response, refusal);
    };
    if (counted instanceof Promise)
      counted.then(decide).catch((error: unknown) => answerFailure(error, response, logger));
    else decide(counted);
  };
  return (request, response, refuse, goOn, signed) =>
    pass(request, response, refuse, quotas.admitAddress(clientOf(request)), () =>
      gate(
        request,
        response,
        refuse,
        () => pass(request, response, refuse, quotas.admit(principalOf(request)), goOn),
        signed,
      ),
    );
}

function refusalOf(exceeded: readonly Standing[]): DomainError | undefined {
  const [first] = exceeded;
  if (first === undefined) return undefined;
  const { name, max, seconds } = first.quota;
  return new DomainError(
    'RATE_LIMITED',
    `the quota ${name} of ${max} in ${seconds === 1 ? 'a second' : 'a day'} is used up: try again in ${first.resets} s`,
  );
}

/** draft-ietf-httpapi-ratelimit-headers-10. */
function tell(response: ServerResponse, standings: readonly Standing[]): void {
  if (standings.length === 0) return;
  add(
    response,
    'RateLimit-Policy',
    standings,
    ({ quota: { name, max, seconds } }) => `"${name}";q=${max};w=${seconds}`,
  );
  add(
    response,
    'RateLimit',
    standings,
    ({ quota: { name }, remaining, resets }) => `"${name}";r=${remaining};t=${resets}`,
  );
}

function add(
  response: ServerResponse,
  header: string,
  standings: readonly Standing[],
  text: (standing: Standing) => string,
): void {
  const before = response.getHeader(header);
  response.setHeader(header, [...(before === undefined ? [] : [String(before)]), ...standings.map(text)].join(', '));
}
