import { expect, it } from '@jest/globals';
import { desktop, overflowOf, phone, seriousFaults } from '../../support/browser.js';
import type { Stage } from './stage.js';

/** Tries the page of operations. */
export function operationsPage(stage: Stage): void {
  const figure = (name: string) => stage.page.locator('.figures div', { hasText: name }).locator('dd').first();
  const asked = (): number => stage.browser.requested.filter((url) => url.endsWith('/server/metrics')).length;

  it('is one click away, shows what is counted, and reads it again until somebody says no', async () => {
    await stage.page.goto(stage.server.url);
    await stage.page.getByRole('link', { name: 'Operations', exact: true }).click();
    await stage.page.getByRole('heading', { name: 'Operations' }).waitFor();
    await stage.server.graphql('{ buckets(limit: 1) { totalCount } }');
    // By the second only after a second look.
    await figure('Requests').filter({ hasText: /\d\/s/ }).waitFor();
    expect((await figure('Processes').innerText()).trim()).toBe('1');
    await stage.page.getByRole('cell', { name: 'bucket:read', exact: true }).waitFor();
    await stage.page.getByRole('cell', { name: 'settle-balances', exact: true }).waitFor();
    expect(await seriousFaults(stage.page)).toEqual([]);
    await stage.page.setViewportSize(phone);
    expect(await overflowOf(stage.page)).toBe(0);
    await stage.page.setViewportSize(desktop);
    await stage.page.getByRole('button', { name: 'Pause' }).click();
    await stage.page.locator('button[aria-pressed=true]').waitFor();
    const before = asked();
    await stage.page.getByRole('button', { name: 'Pause' }).click();
    await stage.page.waitForResponse((response) => response.url().endsWith('/server/metrics'));
    expect(asked()).toBeGreaterThan(before);
  });

  it('says who may not see it', async () => {
    await stage.page.goto(`${stage.closed.url}/?operations`);
    // An earlier page may have left a token in this tab.
    await stage.page.evaluate('sessionStorage.clear()');
    await stage.page.reload();
    await stage.page.getByText('give a token or an API key').waitFor();
    await stage.page.getByLabel('Token').fill(stage.key);
    await stage.page.getByLabel('Token').press('Enter');
    await figure('Processes').filter({ hasText: '1' }).waitFor();
    await stage.page.evaluate('sessionStorage.clear()');
  });
}
