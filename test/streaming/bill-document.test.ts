import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { Prisma } from '../../prisma/generated/client.js';
import { PDF_LINES_MAX } from '../../src/streaming/limits.js';
import { pay, reverse } from '../domain/customer-bill/bills.js';
import { startChild } from '../support/child.js';
import { toWire } from '../fixtures/schema.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { addressOf, billOf, bytesOf, figures, head, lead, lines, money, pagesOf } from './bills.js';
import { hashOfRendering } from './rendering.js';

const pageSizeMax = 50;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    OPERATOR_TIME_ZONE: 'Europe/Berlin',
    BILL_ISSUER: 'Nordwind Ελλάδα',
    PAGE_SIZE_MAX: String(pageSizeMax),
    PAGE_SIZE_DEFAULT: '10',
  });
});
afterAll(() => server.close());

const textOf = async (id: string): Promise<string> => (await pagesOf(await bytesOf(server, id))).join(' ');
const formats = [
  { extension: 'pdf', mimeType: 'application/pdf', type: 'application/pdf', begin: '%PDF-1.7' },
  { extension: 'json', mimeType: 'application/json', type: 'application/json;charset=utf-8', begin: '{"id":' },
  { extension: 'csv', mimeType: 'text/csv', type: 'text/csv;charset=utf-8', begin: 'id,date,' },
];

describe('the documents of a bill', () => {
  it('are three, each with an id and an address that answers, through both doors', async () => {
    const { id } = await billOf(server, head);
    const expected = formats.map(({ extension, mimeType }) => ({
      id: `${id}-${extension}`,
      mimeType,
      url: addressOf(server, id, extension),
    }));
    const { data } = await server.graphql(
      'query ($id: ID!) { customerBill(id: $id) { billDocument { itemId name mimeType url } } }',
      { id },
    );
    expect(toWire(data.customerBill.billDocument)).toMatchObject(expected);
    const { body } = await server.rest('GET', `/customerBill/${id}?fields=billDocument`);
    expect(body.billDocument).toMatchObject(expected);
    expect((await server.rest('GET', `/customerBill?id=${id}`)).body[0].billDocument).toEqual(body.billDocument);
    for (const { url } of body.billDocument) expect((await fetch(url)).status).toBe(200);
  });

  it('are those that were given, as they were given', async () => {
    const given = [
      { id: 'abc', name: 'Bill', url: 'https://documents.example/abc' },
      { id: 'B-pdf', content: 'aGVsbG8=' },
      { name: 'Cover' },
    ];
    const { id, billDocument } = await billOf(server, { billDocument: given });
    expect(billDocument).toEqual([...given.slice(0, 2), { name: 'Cover', id: `${id}-3` }]);
  });

  it.each(formats)('come as $extension with their media type and a name', async ({ extension, type, begin }) => {
    const { id } = await billOf(server, { ...head, ...figures }, lines);
    const before = await fetch(addressOf(server, id, extension));
    expect([before.headers.get('content-type'), before.headers.get('cache-control')]).toEqual([
      type,
      'private, no-cache',
    ]);
    expect(before.headers.get('content-disposition')).toBe(`inline; filename="${id}.${extension}"`);
    expect((await before.text()).startsWith(begin)).toBe(true);
    await lead(server, id, 'validated');
    const after = await fetch(addressOf(server, id, extension), { method: 'HEAD' });
    expect(after.headers.get('content-disposition')).toMatch(
      new RegExp(`^inline; filename="INV-2026-\\d{6}\\.${extension}"$`),
    );
    expect([after.status, after.headers.get('content-type'), await after.text()]).toEqual([200, type, '']);
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
  });

  it.each(formats)('are not sent as $extension to whoever has them, until something changes', async ({ extension }) => {
    const { id } = await billOf(server, { ...head, ...figures }, lines);
    const ask = (tag: string): Promise<Response> =>
      fetch(addressOf(server, id, extension), { headers: { 'if-none-match': tag } });
    const etag = (await fetch(addressOf(server, id, extension), { method: 'HEAD' })).headers.get('etag') as string;
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await ask(tag);
      expect([tag, answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([tag, 304, etag, '']);
    }
    expect((await ask('"other"')).status).toBe(200);
    await server.rest('POST', '/appliedCustomerBillingRate', { body: { bill: { id }, isBilled: true } });
    const more = await ask(etag);
    expect(more.status).toBe(200);
    await more.arrayBuffer();
    await lead(server, id, 'validated', 'sent');
    expect((await ask(more.headers.get('etag') as string)).status).toBe(200);
  });

  it.each(formats)('are not found as $extension without the bill, nor for another tenant', async ({ extension }) => {
    const { id } = await billOf(server, head);
    await server.database.transaction((tx) =>
      tx.execute(Prisma.sql`UPDATE "CustomerBill" SET "tenantId" = 'other' WHERE "id" = ${id}`),
    );
    for (const unknown of [id, 'no-such-bill', '%2E%2E', "'; --"]) {
      const answer = await server.rest('GET', `/customerBill/${unknown}/document.${extension}`);
      expect([unknown, answer.status, answer.body.code]).toEqual([unknown, 404, '60']);
      expect(answer.headers.get('etag')).toBeNull();
    }
  });

  it('have no parameters, other formats or other methods', async () => {
    const { id } = await billOf(server, head);
    expect(await server.rest('GET', `/customerBill/${id}/document.pdf?page=1`)).toMatchObject({
      status: 400,
      body: { message: "'page' is no parameter of a document: it has none" },
    });
    expect((await server.rest('GET', `/customerBill/${id}/document.doc`)).status).toBe(404);
    expect(await server.rest('DELETE', `/customerBill/${id}/document.pdf`)).toMatchObject({ status: 405 });
  });
});

describe('a bill as PDF', () => {
  it('tells whose it is, what it is for, its lines, taxes and totals, as they are stored', async () => {
    const { id } = await billOf(
      server,
      { ...head, ...figures, paymentMethod: { id: 'm', name: 'Bank transfer' } },
      lines,
    );
    await lead(server, id, 'validated', 'sent');
    await pay(server, 'rest', id, 29.68, { paymentId: 'payment-29.68' });
    const text = await textOf(id);
    for (const part of [
      'Nordwind Ελλάδα',
      'Zoë Größe-Łódzka',
      'Main account',
      'Account A-0815',
      'Date 1 Mar 2026',
      'Billing period 1 Feb 2026 – 28 Feb 2026',
      'Payment due 15 Mar 2026',
      'Payment method Bank transfer',
      'To be paid by 15 Mar 2026 Of 1,229.68 EUR, 29.68 EUR is paid.',
      '1,200.00 EUR',
      'Monthly fee 19 % 1,024.99',
      'Mobile M, 20 GB · 1 Feb 2026 – 28 Feb 2026',
      'Discount 19 % −5.00',
      // By their dates, which are those of Berlin.
      'Voice calls 2 Feb 2026 To Ελλάδα, 1 min 19 % 0.335 4 Feb 2026 To Łódź, 3 min 19 % 0.125 Subtotal Voice calls, 2 lines 0.46',
      'Total Mobile M 1,020.45',
      'Книга 7 % 12.00',
      'Further charges',
      'Reminder 2.50',
      'VAT 19 % 1,020.45 193.89 VAT reduced 7 % 12.00 0.84',
      'Net amount 1,034.95 EUR Tax 194.73 EUR Total including tax 1,229.68 EUR Paid: payment-29.68 −29.68 EUR Remaining to be paid 1,200.00 EUR',
      'Page 1 of 1',
    ])
      expect(text).toContain(part);
    expect(text).not.toMatch(/PRELIMINARY|HELD/);
  });

  it('tells what was taken back of a payment', async () => {
    const { id } = await billOf(server, { ...head, ...figures }, lines);
    await lead(server, id, 'validated', 'sent');
    await pay(server, 'rest', id, 29.68, { paymentId: 'debit-1' });
    await reverse(server, 'rest', id, 'debit-1', 9.68);
    expect(await textOf(id)).toContain(
      'Paid: debit-1 −29.68 EUR Returned: debit-1 9.68 EUR Remaining to be paid 1,209.68 EUR',
    );
  });

  it('leaves the taxed amounts open where the lines come to something else than the bill', async () => {
    const { id } = await billOf(server, { ...figures }, lines.slice(1));
    expect(await textOf(id)).toContain('VAT 19 % 193.89 VAT reduced 7 % 0.84');
  });

  it('numbers its pages, repeats the head of the table, and has every line once', async () => {
    const many = Array.from({ length: 1_234 }, (_, index) => ({
      name: 'Calls',
      description: `Call no. ${index}.`,
      date: new Date(Date.UTC(2026, 1, 1, 0, index)).toISOString(),
      taxExcludedAmount: money(index / 8),
    }));
    const { id } = await billOf(server, { ...head, ...figures }, many);
    const pages = await pagesOf(await bytesOf(server, id));
    expect(pages.length).toBeGreaterThan(20);
    for (const [index, page] of pages.entries()) expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
    for (const page of pages.slice(0, -1)) expect(page).toContain('Date Description Tax Net amount (EUR)');
    const found = [...pages.join(' ').matchAll(/Call no\. (\d+)\. ([\d.]+)/g)].map(([, number, amount]) => [
      Number(number),
      Number(amount),
    ]);
    expect(found).toEqual(many.map((_, index) => [index, index / 8]));
    expect(pages.join(' ')).toContain('Subtotal Calls, 1234 lines 95,095.125');
  });

  it('sets texts of any length and script, and amounts of any size and currency', async () => {
    const long = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft '.repeat(30);
    const rates = ['EUR', 'JPY', 'KWD', 'points'].map((unit) => ({
      name: long,
      description: `${long}\n\u202e\u0007${unit}`,
      product: { id: 'p', name: long },
      taxExcludedAmount: money(99_999_999_999.125, unit),
      appliedTax: [{ taxCategory: long }],
    }));
    const attributes = {
      billingAccount: { id: 'x'.repeat(90), name: long },
      category: 'trial customer',
      taxItem: [{ taxCategory: long, taxAmount: money(0.000000001) }],
      amountDue: money(999_999_999_999_999),
    };
    const { id } = await billOf(server, attributes, [
      ...rates,
      { name: '中文 עברית', taxExcludedAmount: money(1, 'KWD') },
    ]);
    const text = await textOf(id);
    for (const part of [
      'TRIAL CUSTOMER',
      '999,999,999,999,999.00 EUR',
      '99,999,999,999.125 JPY',
      '99,999,999,999.125 points',
      '1.000 KWD',
      '0.000000001',
      'Subtotal 99,999,999,999.125',
    ])
      expect(text).toContain(part);
  });

  it.each([
    {
      what: 'is new',
      attributes: { amountDue: money(5) },
      states: [],
      parts: ['PRELIMINARY', 'not yet numbered', 'Please do not pay yet'],
    },
    {
      what: 'is held',
      attributes: { amountDue: money(5) },
      states: ['onHold'],
      parts: ['HELD', 'On hold Please do not pay', '5.00 EUR'],
    },
    {
      what: 'is paid',
      attributes: { amountDue: money(5) },
      states: ['validated', 'sent', 'settled'],
      parts: ['Paid Thank you', 'Remaining to be paid 0.00 EUR'],
    },
    {
      what: 'costs nothing',
      attributes: { amountDue: money(0) },
      states: ['validated'],
      parts: ['Nothing to pay 0.00 EUR'],
    },
    {
      what: 'is due at no particular day',
      attributes: { amountDue: money(5, 'JPY') },
      states: ['validated'],
      parts: ['To be paid Please state INV-2026-', '5 JPY'],
    },
    {
      what: 'is a credit note',
      attributes: { category: 'credit note', ...figures },
      states: ['validated'],
      parts: ['Credit note', 'CN-2026-', 'Credited to you Nothing is to be paid.', 'Remaining credit 1,229.68 EUR'],
    },
    {
      what: 'is a prepaid statement',
      attributes: { category: 'prepaid statement', ...figures, amountDue: money(0) },
      states: ['validated'],
      parts: [
        'Prepaid statement',
        'Paid from balance Nothing is to be paid. 1,229.68 EUR',
        'Paid from balance −1,229.68 EUR',
      ],
    },
    {
      what: 'has neither lines nor figures',
      attributes: {},
      states: [],
      parts: ['This bill has no single lines.', 'Page 1 of 1'],
    },
  ])('says when the bill $what', async ({ attributes, states, parts }) => {
    const { id } = await billOf(server, attributes);
    await lead(server, id, ...states);
    const text = await textOf(id);
    for (const part of parts) expect(text).toContain(part);
  });

  it('counts the credits of a credit note as they are, and its charges negatively', async () => {
    const { id } = await billOf(server, { category: 'credit note', taxExcludedAmount: money(3) }, [
      { name: 'Fee', taxExcludedAmount: money(2) },
      { name: 'Refund', appliedBillingRateType: 'appliedBillingCredit', taxExcludedAmount: money(5) },
    ]);
    const text = await textOf(id);
    for (const part of ['Fee −2.00', 'Refund 5.00']) expect(text).toContain(part);
  });

  it('prints no lines of a bill that has too many, and says so', async () => {
    const { id } = await billOf(server, head, [{ name: 'Call', taxExcludedAmount: money(1) }]);
    await server.database.transaction((tx) =>
      tx.execute(Prisma.sql`
      INSERT INTO "AppliedCustomerBillingRate" ("tenantId", "id", "appliedBillingRateType", "date", "isBilled", "bill", "updatedAt")
      SELECT r."tenantId", r."id" || n, r."appliedBillingRateType", r."date", true, r."bill", r."updatedAt"
      FROM "AppliedCustomerBillingRate" r, generate_series(1, ${PDF_LINES_MAX}::int) n WHERE r."bill"->>'id' = ${id}`),
    );
    expect(await textOf(id)).toContain(`Its ${PDF_LINES_MAX + 1} lines are more than are printed here`);
    expect((await bytesOf(server, id, 'csv')).toString().split('\r\n')).toHaveLength(PDF_LINES_MAX + 3);
  });
});

describe('the bytes of a document', () => {
  it.each(formats)('as $extension are the same as long as the figures are', async ({ extension }) => {
    const { id } = await billOf(server, { ...head, ...figures }, lines);
    await lead(server, id, 'validated', 'sent');
    const first = await bytesOf(server, id, extension);
    server.clock.advance(60_000);
    expect((await bytesOf(server, id, extension)).equals(first)).toBe(true);
    await pay(server, 'graphql', id, 10);
    expect((await bytesOf(server, id, extension)).equals(first)).toBe(extension === 'csv');
  });

  it('as PDF are the same in another process, wherever it runs', async () => {
    const child = startChild('test/streaming/rendering.ts', 'Pacific/Auckland');
    try {
      expect(await child.line()).toBe(await hashOfRendering());
    } finally {
      await child.kill();
    }
  });

  it('are no longer made when nobody reads them', async () => {
    const { id } = await billOf(
      server,
      head,
      Array.from({ length: 2_000 }, (_, index) => ({ description: `Call ${index}`, taxExcludedAmount: money(1) })),
    );
    for (const { extension } of formats) {
      const leaving = new AbortController();
      const response = await fetch(addressOf(server, id, extension), { signal: leaving.signal });
      leaving.abort();
      await expect(response.arrayBuffer()).rejects.toThrow();
    }
    expect((await server.rest('GET', `/customerBill/${id}`)).status).toBe(200);
  });
});

describe('a bill as data', () => {
  it('is in JSON what TMF REST answers, with all rates, more of them than a page has', async () => {
    const many = Array.from({ length: 3 * pageSizeMax + 1 }, (_, index) => ({
      description: `Call ${index}`,
      taxExcludedAmount: money(index),
    }));
    const { id } = await billOf(server, { ...head, ...figures }, [...many, ...lines]);
    const { appliedCustomerBillingRate, ...bill } = JSON.parse((await bytesOf(server, id, 'json')).toString());
    expect(bill).toEqual((await server.rest('GET', `/customerBill/${id}`)).body);
    expect(appliedCustomerBillingRate).toHaveLength(many.length + lines.length);
    expect(appliedCustomerBillingRate).toMatchObject([...many, ...lines]);
    const [first] = appliedCustomerBillingRate;
    expect(first).toEqual((await server.rest('GET', `/appliedCustomerBillingRate/${first.id}`)).body);
    expect(
      JSON.parse((await bytesOf(server, (await billOf(server, head)).id, 'json')).toString())
        .appliedCustomerBillingRate,
    ).toEqual([]);
  });

  it('has in CSV a row for each rate, as RFC 4180 has it, and no formulas', async () => {
    const texts = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', 'a "quoted", text\r\nof two lines', 'Łódź', "'quoted'"];
    const rates = texts.map((description, index) => ({
      description,
      taxExcludedAmount: money(index === 0 ? 0.000000001 : index),
      product: { id: `p${index}`, name: 'Mobile' },
    }));
    const { id } = await billOf(server, head, rates);
    const rows = parse((await bytesOf(server, id, 'csv')).toString(), {
      columns: true,
      recordDelimiter: '\r\n',
    }) as Record<string, string>[];
    expect(rows.map(({ description }) => description)).toEqual([
      "'=1+1",
      "'+1",
      "'-1",
      "'@SUM(A1)",
      "'\tx",
      ...texts.slice(5),
    ]);
    expect(rows.map((row) => row['taxExcludedAmount.value'])).toEqual([
      '0.000000001',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ]);
    expect(rows.map((row) => row['product.id'])).toEqual(rates.map(({ product }) => product.id));
    expect(new Set(rows.map((row) => row['billingAccount.id']))).toEqual(new Set(['A-0815']));
    expect((await bytesOf(server, (await billOf(server, head)).id, 'csv')).toString()).toMatch(/^id,.*\r\n$/);
  });
});
