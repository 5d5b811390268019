import { expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { apis } from '../../../rest-compat/apis/index.js';
import { desktop, overflowOf, phone, seriousFaults } from '../../support/browser.js';
import type { Stage } from './stage.js';

/** Tries the documentation of TMF REST. */
export function apiDocsPage(stage: Stage): void {
  /** Opens an operation, tries it out and answers what the page shows then. */
  const execute = async (
    method: string,
    path: string,
    fill?: (block: Locator) => Promise<void>,
  ): Promise<{ status: string; text: string; url: string }> => {
    const block = stage.page.locator(`.opblock-${method}`).filter({ has: stage.page.locator(`[data-path="${path}"]`) });
    await block.locator('.opblock-summary').first().click();
    await block.getByRole('button', { name: 'Try it out' }).click();
    await fill?.(block);
    await block.getByRole('button', { name: 'Execute' }).click();
    const live = block.locator('.live-responses-table .response');
    await live.waitFor();
    const status = (await live.locator('.response-col_status').innerText()).trim();
    const text = await live.locator('.highlight-code pre').first().innerText();
    return { status: status.split(/\s/)[0] ?? '', text, url: await block.locator('.request-url pre').innerText() };
  };

  it('offers every API and shows every resource', async () => {
    await stage.page.goto(`${stage.server.url}/docs`);
    await stage.page.locator('.opblock').first().waitFor();
    expect(await stage.page.locator('#select option').allInnerTexts()).toEqual(
      apis.map(({ number, title }) => `${number} ${title}`),
    );
    const [api] = apis;
    expect(await stage.page.locator('.opblock-tag a span').allInnerTexts()).toEqual(Object.keys(api?.resources ?? {}));
    expect(await stage.page.locator('.opblock-options, .opblock-head').count()).toBe(0);
    // What an API is like is folded, so its first operations are in sight.
    expect((await stage.page.locator('.opblock').first().boundingBox())?.y).toBeLessThan(400);
    // An operation is a button with a link within, which is Swagger UI's own.
    expect(await seriousFaults(stage.page, ['.opblock-summary'])).toEqual([]);
    await stage.page.setViewportSize(phone);
    expect(await overflowOf(stage.page)).toBe(0);
    await stage.page.setViewportSize(desktop);
  });

  it('executes a POST of a bucket as it stands there', async () => {
    const { status, text } = await execute('post', '/bucket');
    const body = JSON.parse(text);
    expect([status, body]).toEqual(['201', expect.objectContaining({ usageType: 'monetary', status: 'active' })]);
    expect((await stage.server.rest('GET', `/bucket/${body.id}`)).body).toEqual(body);
  });

  it('executes a GET of the buckets, with the conditions that are filled in', async () => {
    await stage.server.rest('POST', '/bucket', { body: { usageType: 'data', name: 'found' } });
    const { status, text, url } = await execute('get', '/bucket', async (block) => {
      await block.locator('tr[data-param-name="fields"] input').fill('id,name');
      expect(await block.locator('tr[data-param-name="usageType"]').isVisible()).toBe(false);
      await block.getByRole('button', { name: /^Show all/ }).click();
      await block.locator('tr[data-param-name="usageType"]').getByRole('button', { name: /Add/ }).click();
      await block.locator('tr[data-param-name="usageType"] input').fill('data');
      await block
        .locator('tr[data-param-name="conditions"] textarea')
        .fill('{"name.startswith": "fo", "requestedDate.gte": "2026-01-31"}');
    });
    expect([status, JSON.parse(text)]).toEqual(['200', [{ id: expect.any(String), name: 'found' }]]);
    expect(new URL(url).search).toContain('name.startswith=fo');
  });

  it('reads one by an id that it has filled in, and has an address for each operation', async () => {
    const { status, text } = await execute('get', '/bucket/{id}');
    expect([status, JSON.parse(text)]).toEqual(['200', expect.objectContaining({ id: '11' })]);
    const address = `?${new URLSearchParams({ 'urls.primaryName': 'TMF678 Customer Bill Management' })}`;
    await stage.page.goto(`${stage.server.url}/docs/${address}`);
    await stage.page.locator('.opblock-get', { hasText: '/billCycle/{id}' }).locator('button').first().click();
    await stage.page.waitForURL(/#\/billCycle\//);
    await stage.page.reload();
    await stage.page.locator('.opblock-get.is-open', { hasText: '/billCycle/{id}' }).waitFor();
  });

  it('takes an API key, and keeps it', async () => {
    const read = async (): Promise<string> => {
      await stage.page.goto(`${stage.closed.url}/docs`);
      return (await execute('get', '/bucket')).status;
    };
    expect(await read()).toBe('401');
    await stage.page.locator('.btn.authorize').first().click();
    const scheme = stage.page.locator('.auth-container').filter({ hasText: 'X-API-Key' });
    await scheme.locator('input').fill(stage.key);
    await scheme.getByRole('button', { name: 'Apply credentials' }).click();
    expect(await read()).toBe('200');
  });
}
