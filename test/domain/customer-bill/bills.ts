import type { Transport, Outcome } from '../../fixtures/transports.js';
import { asInput, toWire } from '../../fixtures/schema.js';
import { made, schemaOf, update } from '../../fixtures/transports.js';
import { customerBillPaths } from '../../fixtures/customer-bill-api.js';
import type { TestServer } from '../../support/server.js';

export { eur } from '../../fixtures/customer-bill-api.js';
export { eventsOf } from '../../fixtures/outbox.js';

/** A state of the table; a bill on hold came from the state behind the colon. */
const ways: Readonly<Record<string, readonly string[]>> = {
  new: [],
  validated: ['validated'],
  sent: ['validated', 'sent'],
  partiallyPaid: ['validated', 'sent', 'partiallyPaid'],
  settled: ['validated', 'sent', 'settled'],
  'onHold:new': ['onHold'],
  'onHold:validated': ['validated', 'onHold'],
  'onHold:sent': ['validated', 'sent', 'onHold'],
  'onHold:partiallyPaid': ['validated', 'sent', 'partiallyPaid', 'onHold'],
  'onHold:settled': ['validated', 'sent', 'settled', 'onHold'],
};
export const standings: readonly string[] = Object.keys(ways);

/** A bill that was led to a state by hand. */
export async function billIn(server: TestServer, standing: string, more: object = {}): Promise<any> {
  let bill = await made(server, 'CustomerBill', { billingAccount: { id: 'account-1' }, ...more });
  for (const state of ways[standing] ?? []) {
    const { status, message, resource } = await update(server, 'rest', 'CustomerBill', bill.id, { state });
    if (status !== 200) throw new Error(`${standing}: ${message}`);
    bill = resource;
  }
  return bill;
}

let payments = 0;
/** A payment, or a reversal, that nobody else has. */
export const newPaymentId = (): string => `payment-${++payments}`;

export interface PaymentInput {
  payment: { id: string };
  appliedAmount: { value: number; unit: string };
  reversalId?: string;
}

/** Adds a payment of its own. */
export function pay(
  server: TestServer,
  door: Transport,
  id: string,
  value: number,
  { unit = 'EUR', key = undefined as string | undefined, paymentId = newPaymentId() } = {},
): Promise<Outcome> {
  return apply(server, door, id, { payment: { id: paymentId }, appliedAmount: { value, unit } }, key);
}

/** Takes back of a payment, by a reversalId of its own; null: by none. */
export function reverse(
  server: TestServer,
  door: Transport,
  id: string,
  paymentId: string,
  value: number,
  { unit = 'EUR', key = undefined as string | undefined, reversalId = newPaymentId() as string | null } = {},
): Promise<Outcome> {
  return apply(
    server,
    door,
    id,
    { payment: { id: paymentId }, appliedAmount: { value: -value, unit }, ...(reversalId && { reversalId }) },
    key,
  );
}

/** In REST by a JSON Patch, in GraphQL by the mutation for it. */
export async function apply(
  server: TestServer,
  door: Transport,
  id: string,
  payment: PaymentInput,
  key?: string,
): Promise<Outcome> {
  if (door === 'rest') {
    const headers = { 'content-type': 'application/json-patch+json', ...(key && { 'idempotency-key': key }) };
    const answer = await server.rest('PATCH', `${customerBillPaths.basePaths[0]}/customerBill/${id}`, {
      body: [{ op: 'add', path: '/appliedPayment/-', value: payment }],
      headers,
    });
    return {
      status: answer.status,
      message: answer.body.message,
      resource: answer.body,
      replayed: answer.headers.get('idempotency-replayed') === 'true',
    };
  }
  const mutation = payment.appliedAmount.value < 0 ? 'reverseAppliedPayment' : 'addAppliedPayment';
  const { status, headers, data, errors } = await server.graphql(
    `mutation ($id: ID!, $payment: AppliedPaymentInput!, $key: String) { bill: ${mutation}(id: $id, input: $payment, idempotencyKey: $key) {
      id state remainingAmount { value unit } appliedPayment { payment { refId } appliedAmount { value unit } reversalId } } }`,
    { id, payment: asInput(await schemaOf(server), 'AppliedPaymentInput', payment), key },
  );
  const replayed = headers.get('idempotency-replayed') === 'true';
  const [error] = errors ?? [];
  return error
    ? { status: error.extensions.status, message: error.message, replayed }
    : { status, resource: toWire(data.bill), replayed };
}
