import { Prisma } from '../../../prisma/generated/client.js';
import { asInput } from '../../fixtures/schema.js';
import { made, schemaOf } from '../../fixtures/transports.js';
import type { TestServer } from '../../support/server.js';
import { eur } from './bills.js';
import { eventually } from '../../support/eventually.js';
import { retryWhileBusy } from '../../support/retry-while-busy.js';

// What the tests of billing arrange and look at.

/** The period that is billed unless a test says otherwise; the clock of tests stands in the month behind it. */
export const february = { startDateTime: '2026-02-01T00:00:00.000Z', endDateTime: '2026-03-01T00:00:00.000Z' };
export const inFebruary = '2026-02-10T08:00:00.000Z';

let accounts = 0;

/** An account that nobody else has. */
export function newAccount(): string {
  return `account ${++accounts}`;
}

export async function makeCycle(server: TestServer, more: object = {}): Promise<any> {
  return made(server, 'BillCycle', {
    name: 'February',
    billingDate: '2026-03-02T00:00:00.000Z',
    BillCycleSpecification: { id: 'monthly' },
    validFor: february,
    ...more,
  });
}

/** A rate that waits to be billed, of 10 EUR in February. */
export async function makeRate(server: TestServer, account: string, more: object = {}): Promise<any> {
  return made(server, 'AppliedCustomerBillingRate', {
    billingAccount: { id: account },
    date: inFebruary,
    taxExcludedAmount: eur(10),
    ...more,
  });
}

const bulkMax = 200;

/** Many of them, of their TMF JSON. */
export async function makeRates(server: TestServer, inputs: readonly object[]): Promise<string[]> {
  const ids: string[] = [];
  const schema = await schemaOf(server);
  for (let start = 0; start < inputs.length; start += bulkMax) {
    const mutation =
      'mutation ($inputs: [AppliedCustomerBillingRateCreate!]!) { made: createAppliedCustomerBillingRates(inputs: $inputs) { id } }';
    const { data, errors } = await server.graphql(mutation, {
      inputs: asInput(schema, 'AppliedCustomerBillingRateCreate', inputs.slice(start, start + bulkMax)),
    });
    if (errors) throw new Error(JSON.stringify(errors));
    ids.push(...data.made.map(({ id }: { id: string }) => id));
  }
  return ids;
}

export const usageSpecification = { id: 'nobody-knows-it' };

/** The party of a usage that is its account. */
export const accountParty = (id: string): object => ({ id, '@referredType': 'BillingAccount' });

export const rating = (value: number, more: object = {}): object => ({ taxExcludedRatingAmount: eur(value), ...more });

/** A rated usage of an account in February, with one result for each amount. */
export async function makeUsage(
  server: TestServer,
  account: string,
  values: readonly number[] = [1],
  more: object = {},
): Promise<any> {
  return made(server, 'Usage', {
    usageSpecification,
    status: 'rated',
    usageType: 'voice',
    usageDate: inFebruary,
    relatedParty: [accountParty(account)],
    ratedProductUsage: values.map((value) => rating(value)),
    ...more,
  });
}

export const read = async (server: TestServer, path: string): Promise<any> =>
  (await retryWhileBusy(() => server.rest('GET', path))).body;

/** Waits until a run has ended; its bills are read as `customerBills`. */
export async function runEnded(server: TestServer, id: string): Promise<any> {
  return eventually(`run ${id} ends`, async () => {
    const run = await read(server, `/billRun/${id}`);
    return run.state === 'inProgress' ? undefined : run;
  });
}

export async function runCycle(server: TestServer, cycleId: string, more: object = {}): Promise<any> {
  const run = await made(server, 'BillRun', { billCycle: { id: cycleId }, ...more });
  return runEnded(server, run.id);
}

/** What bills and their previews have in common. */
const ofPreviews = `state holdReason billDate category runType nextBillDate paymentDueDate
  billingPeriod { startDateTime endDateTime } billCycle { refId name } billingAccount { refId name } relatedParty { refId }
  taxExcludedAmount { value unit } taxIncludedAmount { value unit } amountDue { value unit }
  taxItem { taxCategory taxRate taxAmount { value unit } }`;
const ofBills = `${ofPreviews} stateBeforeHold billNo lastUpdate billRunId revision remainingAmount { value unit }
  appliedPayment { appliedAmount { value } } billDocument { name mimeType }`;

/** Whole bills of a run, by their accounts and currencies. */
export function billsOfRun(server: TestServer, runId: string): Promise<any[]> {
  return listOfRun(server, runId, 'customerBills', ofBills);
}

/** What a dry run would have made, in the same order. */
export function previewsOfRun(server: TestServer, runId: string): Promise<any[]> {
  return listOfRun(server, runId, 'customerBillPreviews', ofPreviews);
}

async function listOfRun(server: TestServer, runId: string, list: string, fields: string): Promise<any[]> {
  const bills: any[] = [];
  const query = `query ($id: ID!, $after: String) { billRun(id: $id) {
    list: ${list}(limit: 200, after: $after) { pageInfo { hasNextPage endCursor } items { ${fields} } } } }`;
  for (let after: string | undefined; ;) {
    const { data, errors } = await server.graphql(query, { id: runId, after });
    if (errors) throw new Error(JSON.stringify(errors));
    const { items, pageInfo } = data.billRun.list;
    bills.push(...items);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  const place = (bill: any): string => JSON.stringify([bill.billingAccount.refId, bill.amountDue.unit]);
  return bills.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

export async function billsOf(server: TestServer, account: string): Promise<any[]> {
  return read(server, `/customerBill?billingAccount.id=${encodeURIComponent(account)}`);
}

export async function linesOf(server: TestServer, billId: string): Promise<any[]> {
  return read(server, `/appliedCustomerBillingRate?bill.id=${billId}`);
}

/** A request for a bill, once it is fulfilled. */
export async function onDemand(server: TestServer, input: object): Promise<any> {
  const { id } = await made(server, 'CustomerBillOnDemand', input);
  return demandEnded(server, id);
}

export async function demandEnded(server: TestServer, id: string): Promise<any> {
  return eventually(`request ${id} ends`, async () => {
    const request = await read(server, `/customerBillOnDemand/${id}`);
    return request.state === 'inProgress' ? undefined : request;
  });
}

export async function createRatesFromUsage(server: TestServer, input: object = {}): Promise<any> {
  const mutation =
    'mutation ($input: RatesFromUsageInput!) { made: createRatesFromUsage(input: $input) { usages rates hasMore } }';
  // It makes of no usage a rate twice, so it needs no key.
  const { data, errors } = await retryWhileBusy(() => server.graphql(mutation, { input }));
  if (errors) throw new Error(JSON.stringify(errors));
  return data.made;
}

/** What must never be, whatever happened: told as sentences, none when all is well. */
export async function billingProblems({ database }: TestServer): Promise<string[]> {
  const rows = await database.query<{ problem: string }>(Prisma.sql`
    SELECT 'rate ' || "id" || ' is billed by halves' AS "problem" FROM "AppliedCustomerBillingRate" WHERE "isBilled" <> ("bill" IS NOT NULL)
    UNION ALL SELECT 'rate ' || r."id" || ' is on a bill that is not there' FROM "AppliedCustomerBillingRate" r
      WHERE r."isBilled" AND NOT EXISTS (SELECT 1 FROM "CustomerBill" b WHERE b."tenantId" = r."tenantId" AND b."id" = r."bill"->>'id')
    UNION ALL SELECT 'rate ' || r."id" || ' is on the bill of another account' FROM "AppliedCustomerBillingRate" r JOIN "CustomerBill" b ON b."tenantId" = r."tenantId" AND b."id" = r."bill"->>'id'
      WHERE r."billingAccount"->>'id' <> b."billingAccount"->>'id'
    UNION ALL SELECT 'result ' || u."result" || ' of usage ' || u."usageId" || ' has no rate any more' FROM "UsageRate" u
      WHERE NOT EXISTS (SELECT 1 FROM "AppliedCustomerBillingRate" r WHERE r."tenantId" = u."tenantId" AND r."id" = u."rateId")
    UNION ALL SELECT 'result ' || u."result" || ' of usage ' || u."usageId" || ' says isBilled ' || coalesce(e."isBilled", 'nothing') || ', its rate ' || r."isBilled"
      FROM "UsageRate" u JOIN "AppliedCustomerBillingRate" r ON r."tenantId" = u."tenantId" AND r."id" = u."rateId" JOIN "Usage" s ON s."tenantId" = u."tenantId" AND s."id" = u."usageId"
      CROSS JOIN LATERAL (SELECT s."ratedProductUsage"->(u."result")->>'isBilled' AS "isBilled") e
      WHERE coalesce(e."isBilled", 'false') <> r."isBilled"::text
    UNION ALL SELECT 'bill ' || b."id" || ' of ' || b."taxIncludedAmountValue" || ' is not its net and its taxes' FROM "CustomerBill" b
      WHERE b."isCalculated" AND b."taxIncludedAmountValue" <> b."taxExcludedAmountValue" + (SELECT coalesce(sum((t->'taxAmount'->>'value')::numeric), 0) FROM jsonb_array_elements(b."taxItem") t)
    ORDER BY 1 LIMIT 20`);
  return rows.map(({ problem }) => problem);
}
