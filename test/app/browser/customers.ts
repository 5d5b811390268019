import { expect, it } from '@jest/globals';
import { desktop, overflowOf, phone, seriousFaults } from '../../support/browser.js';
import type { Stage } from './stage.js';

/** Tries the page of customers. */
export function customersPage(stage: Stage): void {
  const isThere = () => stage.page.locator('.panels:has(section):not(:has(.wait))').waitFor();
  /** Goes on by the Tab key until what has the focus is described so. */
  const tabTo = async (text: string): Promise<void> => {
    for (let presses = 0; presses < 100; presses += 1) {
      await stage.page.keyboard.press('Tab');
      const focused = await stage.page.evaluate<string>(
        `(({ name, innerText, labels }) => [name, labels?.[0]?.innerText, innerText].join(' '))(document.activeElement)`,
      );
      if (focused.includes(text)) return;
    }
    throw new Error(`the Tab key leads to nothing that says ${text}`);
  };
  const remains = async () =>
    (await stage.server.graphql('{ bucket(id: "11") { remainingValue { amount } } }')).data.bucket.remainingValue
      .amount;

  it('says what runs here, and who is known', async () => {
    await stage.page.goto(stage.server.url);
    await stage.page.getByRole('link', { name: 'Jane Doe' }).waitFor();
    await stage.page.getByRole('link', { name: 'TMF654 Prepay Balance Management' }).waitFor();
    expect(await stage.page.getByLabel('Token').isVisible()).toBe(false);
    expect(await seriousFaults(stage.page)).toEqual([]);
  });

  it('finds a customer by name, number and account', async () => {
    for (const [text, title] of [
      ['jane', 'Jane Doe'],
      ['491700000002', 'John Roe'],
      ['account-20', 'Harbour Logistics'],
    ] as const) {
      await stage.page.getByLabel('Find a customer').fill(text);
      await stage.page.keyboard.press('Enter');
      await stage.page.getByRole('heading', { name: title, exact: true }).waitFor();
    }
    await stage.page.getByLabel('Find a customer').fill('moore');
    await stage.page.keyboard.press('Enter');
    await stage.page.getByRole('link', { name: 'Clara Moore' }).click();
    await stage.page.getByRole('heading', { name: 'Clara Moore', exact: true }).waitFor();
    await isThere();
    await stage.page.goBack();
    await stage.page.getByRole('link', { name: 'Ben Moore' }).waitFor();
    await stage.page.getByLabel('Find a customer').fill('nobody at all');
    await stage.page.keyboard.press('Enter');
    await stage.page.getByText('Nobody has such a name').waitFor();
  });

  it('shows everything of one, and how a program gets it', async () => {
    await stage.page.goto(`${stage.server.url}/?party=customer-1`);
    await isThere();
    for (const [panel, text] of [
      ['balances', 'Main balance'],
      ['usage', 'charged'],
      ['bills', 'INV-'],
      ['orders', 'Home fibre'],
      ['history', 'Parking ticket'],
    ])
      expect([panel, await stage.page.locator(`.${panel}`).innerText()]).toEqual([
        panel,
        expect.stringContaining(text!),
      ]);
    expect(await stage.page.locator('.usage .column').count()).toBeGreaterThanOrEqual(60);
    await stage.page.locator('.history summary', { hasText: '→' }).first().click();
    await stage.page.locator('.history').getByRole('cell', { name: 'reserve', exact: true }).waitFor();
    await stage.page.locator('.balances summary', { hasText: 'ledger' }).first().click();

    const links = await stage.page
      .locator('.how a')
      .evaluateAll((all) => all.map((one) => one.getAttribute('href') ?? ''));
    expect(links.length).toBe(12);
    for (const link of links) {
      const { pathname, searchParams } = new URL(link);
      if (pathname === '/graphql') {
        const variables = JSON.parse(searchParams.get('variables') ?? '{}');
        const { data, errors } = await stage.server.graphql(searchParams.get('query') ?? '', variables);
        expect([link, errors, Object.values(data ?? {}).includes(null)]).toEqual([link, undefined, false]);
      } else {
        const answer = await fetch(link);
        expect([link, answer.ok, ((await answer.json()) as unknown[]).length > 0]).toEqual([link, true, true]);
      }
    }
    const pdf = await fetch((await stage.page.getByRole('link', { name: /PDF/ }).first().getAttribute('href')) ?? '');
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect(await seriousFaults(stage.page)).toEqual([]);
  });

  it('is narrow enough for a phone, and steps back by a month', async () => {
    await stage.page.setViewportSize(phone);
    expect(await overflowOf(stage.page)).toBe(0);
    const before = (await stage.page.locator('.usage .close span').first().innerText()).slice(0, 20);
    await stage.page.getByRole('button', { name: 'The 30 days before' }).click();
    await stage.page.locator('.usage .close').filter({ hasNotText: before }).waitFor();
    await stage.page.setViewportSize(desktop);
  });

  it('tops up by the keyboard alone, and once however often it is sent', async () => {
    const before = await remains();
    await stage.page.goto(stage.server.url);
    await stage.page.getByRole('link', { name: 'Jane Doe' }).waitFor();
    await tabTo('search');
    await stage.page.keyboard.type('customer-1\n');
    await stage.page.getByRole('link', { name: 'Jane Doe' }).waitFor();
    await tabTo('Jane Doe');
    await stage.page.keyboard.press('Enter');
    await isThere();
    await tabTo('Top up or adjust');
    await stage.page.keyboard.press('Enter');
    await tabTo('bucket');
    await stage.page.keyboard.type('Main');
    await tabTo('amount');
    await stage.page.keyboard.type('5.25');
    await stage.page.keyboard.press('Enter');
    const outcome = stage.page.locator('.outcome');
    await outcome.getByText('Top up: completed').waitFor();
    expect(await remains()).toBe(before + 5.25);
    await stage.page.locator('.balances .value', { hasText: '32.75 EUR' }).waitFor();
    await stage.page.keyboard.press('Enter');
    await outcome.getByText('nothing moved again').waitFor();
    expect(await remains()).toBe(before + 5.25);
  });

  it('tells in words what is refused, and that a lost answer does no harm', async () => {
    const key = stage.page.getByLabel('Key');
    const outcome = stage.page.locator('.outcome');
    const used = await key.inputValue();
    await stage.page.getByLabel('Debit').check();
    expect(await key.inputValue()).not.toBe(used);
    await stage.page.getByLabel('Amount').fill('999999');
    await stage.page.getByRole('button', { name: 'Send' }).click();
    await outcome.locator('.problem', { hasText: / .* / }).waitFor();
    await stage.page.getByLabel('Amount').fill('1');
    const sent = await key.inputValue();
    await stage.page.route('**/graphql', (route) => route.abort());
    await stage.page.getByRole('button', { name: 'Send' }).click();
    await outcome.getByText('Send it again').waitFor();
    await stage.page.unroute('**/graphql');
    expect(await key.inputValue()).toBe(sent);
    const before = await remains();
    await stage.page.getByRole('button', { name: 'Send' }).click();
    await outcome.getByText('Debit: completed').waitFor();
    expect(await remains()).toBe(before - 1);
    expect(await seriousFaults(stage.page)).toEqual([]);
  });

  it('asks for a token where one is needed, and opens documents by a link that needs none', async () => {
    const headers = { 'x-api-key': stage.key };
    const relatedParty = [{ id: 'p-1', name: 'Paula One', role: 'customer', '@referredType': 'Individual' }];
    const due = { value: 1, unit: 'EUR' };
    const body = { billingAccount: { id: 'a-1' }, relatedParty, amountDue: due, taxIncludedAmount: due };
    expect((await stage.closed.rest('POST', '/customerBill', { headers, body })).body).toMatchObject({
      amountDue: due,
    });
    await stage.page.goto(`${stage.closed.url}/?party=p-1`);
    await stage.page.getByText('give a token or an API key').waitFor();
    await stage.page.getByLabel('Token').fill(stage.key);
    await stage.page.getByLabel('Token').press('Enter');
    await stage.page.getByRole('heading', { name: 'Paula One' }).waitFor();
    await isThere();
    // The browser would show it by an extension of its own.
    await stage.page.route(/signature=/, (route) => route.abort());
    const opened = stage.page.waitForRequest(/document\.pdf\?signature=/);
    await stage.page.getByRole('link', { name: /PDF/ }).click();
    expect((await fetch((await opened).url())).headers.get('content-type')).toBe('application/pdf');
    await stage.page.unroute(/signature=/);
  });
}
