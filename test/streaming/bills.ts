import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extractText, getDocumentProxy } from 'unpdf';
import { writePdf, type PdfContent } from '../../src/streaming/bill-document/pdf.js';
import { asInput } from '../fixtures/schema.js';
import { made, schemaOf } from '../fixtures/transports.js';
import type { TestServer } from '../support/server.js';

export const money = (value: number, unit = 'EUR'): object => ({ value, unit });

const february = { startDateTime: '2026-01-31T23:00:00.000Z', endDateTime: '2026-02-28T23:00:00.000Z' };

/** The head of an ordinary bill of February, as Berlin counts it. */
export const head = {
  billingAccount: { id: 'A-0815', name: 'Main account' },
  relatedParty: [{ id: '42', role: 'customer', '@referredType': 'Individual', name: 'Zoë Größe-Łódzka' }],
  billDate: '2026-02-28T23:30:00.000Z',
  billingPeriod: february,
  paymentDueDate: '2026-03-14T23:00:00.000Z',
};

const vat = [{ taxCategory: 'VAT', taxRate: 19 }];
const mobile = { id: 'p1', name: 'Mobile M' };

/** Lines of two products and of none; what they come to is in `figures`. */
export const lines: readonly object[] = [
  {
    name: 'Monthly fee',
    description: 'Mobile M, 20 GB',
    product: mobile,
    periodCoverage: february,
    taxExcludedAmount: money(1024.99),
    appliedTax: vat,
  },
  {
    name: 'Discount',
    product: mobile,
    appliedBillingRateType: 'appliedBillingCredit',
    taxExcludedAmount: money(5),
    appliedTax: vat,
  },
  {
    name: 'Voice calls',
    description: 'To Łódź, 3 min',
    product: mobile,
    date: '2026-02-03T23:30:00.000Z',
    taxExcludedAmount: money(0.125),
    appliedTax: vat,
  },
  {
    name: 'Voice calls',
    description: 'To Ελλάδα, 1 min',
    product: mobile,
    date: '2026-02-02T08:00:00.000Z',
    taxExcludedAmount: money(0.335),
    appliedTax: vat,
  },
  {
    name: 'Книга',
    product: { id: 'p2' },
    taxExcludedAmount: money(12),
    appliedTax: [{ taxCategory: 'VAT reduced', taxRate: 7 }],
  },
  { name: 'Reminder', taxIncludedAmount: money(2.5), appliedBillingRateType: 'appliedPenaltyCharge' },
];

export const figures = {
  taxExcludedAmount: money(1034.95),
  taxItem: [
    { taxCategory: 'VAT', taxRate: 19, taxAmount: money(193.89) },
    { taxCategory: 'VAT reduced', taxRate: 7, taxAmount: money(0.84) },
  ],
  taxIncludedAmount: money(1229.68),
};

/** A new bill with these lines. */
export async function billOf(server: TestServer, attributes: object, rates: readonly object[] = []): Promise<any> {
  const bill = await made(server, 'CustomerBill', { billingAccount: { id: 'A-1' }, ...attributes });
  const perMutation = 100;
  for (let at = 0; at < rates.length; at += perMutation) {
    const inputs = rates
      .slice(at, at + perMutation)
      .map((rate) => ({ ...rate, isBilled: true, bill: { id: bill.id } }));
    const { errors } = await server.graphql(
      'mutation ($inputs: [AppliedCustomerBillingRateCreate!]!) { createAppliedCustomerBillingRates(inputs: $inputs) { id } }',
      { inputs: asInput(await schemaOf(server), 'AppliedCustomerBillingRateCreate', inputs) },
    );
    if (errors) throw new Error(errors[0]?.message);
  }
  return bill;
}

/** Leads a bill through these states. */
export async function lead(server: TestServer, id: string, ...states: string[]): Promise<void> {
  for (const state of states) {
    const { status, body } = await server.rest('PATCH', `/customerBill/${id}`, { body: { state } });
    if (status !== 200) throw new Error(body.message);
  }
}

export const addressOf = (server: TestServer, id: string, extension: string): string =>
  `${server.url}/tmf-api/customerBillManagement/v4/customerBill/${id}/document.${extension}`;

export async function bytesOf(server: TestServer, id: string, extension = 'pdf'): Promise<Buffer> {
  const response = await fetch(addressOf(server, id, extension));
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

/** The text of each page, blanks made even. */
export async function pagesOf(pdf: Buffer): Promise<string[]> {
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(pdf)));
  return text.map((page) => page.replaceAll(/\s+/g, ' '));
}

/** A PDF made without a server. */
export async function rendered(content: Partial<PdfContent> & Pick<PdfContent, 'bill'>): Promise<Buffer> {
  const out = new PassThrough();
  const bytes = buffer(out);
  const nothing = async function* (): AsyncGenerator<never[]> {};
  await writePdf(
    {
      lineCount: 0,
      groups: () => Promise.resolve([]),
      linesOf: nothing,
      issuer: 'The operator',
      zone: 'UTC',
      ...content,
    },
    out,
  );
  out.end();
  await once(out, 'finish');
  return bytes;
}
