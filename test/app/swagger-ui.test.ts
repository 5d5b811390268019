import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { apis } from '../../rest-compat/apis/index.js';
import { hashOfKey, newKeyText } from '../../src/domain/tenancy/key-text.js';
import { send } from '../fixtures/http.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Debian's chromium, or another one; without any, these tests do not exist. */
const browserPath = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium'].find((path) => path && existsSync(path));

/** Bounds of waiting: a browser that starts on a busy machine takes long. */
const waitMaxMs = 150_000;
jest.setTimeout(2 * waitMaxMs);

const browserArguments = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A key of an admin as the table has it. */
const storedKey = (key: string) => ({
  tenantId: 'default',
  id: 'key',
  name: 'page',
  hash: hashOfKey(key),
  roles: ['admin'],
  parties: [],
  accounts: [],
  logicalResources: [],
  createdAt: new Date(),
  updatedAt: new Date(),
});

describe('Swagger UI', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it('is at /docs, by whatever name and query one comes', async () => {
    const redirect = await send(server.url, 'GET', '/docs?a=b');
    expect([redirect.status, redirect.headers['location']]).toEqual([302, 'docs/?a=b']);
    const page = await send(server.url, 'GET', '/docs/');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  });

  it('consists of files that are all served here, and of no other of the package', async () => {
    const { text } = await send(server.url, 'GET', '/docs/');
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
    expect(files).toContain('swagger-ui-bundle.js');
    for (const file of files)
      expect([file, (await send(server.url, 'GET', `/docs/${file}`)).status]).toEqual([file, 200]);
    for (const file of ['index.html', 'swagger-initializer.js', 'package.json', '..%2f..%2fpackage.json']) {
      expect([file, (await send(server.url, 'GET', `/docs/${file}`)).status]).toEqual([file, 404]);
    }
  });

  if (browserPath !== undefined)
    describe('in a browser', () => {
      let profile: string;
      let browser: BrowserContext;
      let page: Page;
      const requested: string[] = [];
      const complaints: string[] = [];

      beforeAll(async () => {
        profile = await mkdtemp(join(tmpdir(), 'chromium-'));
        browser = await chromium.launchPersistentContext(profile, {
          executablePath: browserPath,
          headless: true,
          // Chromium refuses its sandbox to root and in most containers; it only sees pages of ours.
          chromiumSandbox: false,
          args: browserArguments,
          timeout: waitMaxMs,
          viewport: { width: 1280, height: 900 },
        });
        page = browser.pages()[0] ?? (await browser.newPage());
        page.setDefaultTimeout(waitMaxMs);
        page.on('request', (request) => requested.push(request.url()));
        page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
        page.on('pageerror', (error) => complaints.push(error.message));
        await page.goto(`${server.url}/docs`);
        await page.locator('.opblock').first().waitFor();
      });
      afterAll(async () => {
        await browser?.close();
        await rm(profile, { recursive: true, force: true });
      });

      /** Opens an operation, tries it out and answers what the page shows then. */
      const execute = async (
        method: string,
        path: string,
        fill?: (block: Locator) => Promise<void>,
      ): Promise<{ status: string; body: any; url: string }> => {
        const block = page.locator(`.opblock-${method}`).filter({ has: page.locator(`[data-path="${path}"]`) });
        await block.locator('.opblock-summary').first().click();
        await block.getByRole('button', { name: 'Try it out' }).click();
        await fill?.(block);
        await block.getByRole('button', { name: 'Execute' }).click();
        const live = block.locator('.live-responses-table .response');
        await live.waitFor();
        const status = (await live.locator('.response-col_status').innerText()).trim();
        const body = JSON.parse(await live.locator('.highlight-code pre').first().innerText());
        return { status: status.split(/\s/)[0] ?? '', body, url: await block.locator('.request-url pre').innerText() };
      };

      it('offers every API and shows every resource', async () => {
        expect(await page.locator('#select option').allInnerTexts()).toEqual(
          apis.map(({ number, title }) => `${number} ${title}`),
        );
        const [api] = apis;
        expect(await page.locator('.opblock-tag a span').allInnerTexts()).toEqual(Object.keys(api?.resources ?? {}));
        expect(await page.locator('.opblock-options, .opblock-head').count()).toBe(0);
      });

      it('executes a POST of a bucket as it stands there', async () => {
        const { status, body } = await execute('post', '/bucket');
        expect([status, body]).toEqual(['201', expect.objectContaining({ usageType: 'monetary', status: 'active' })]);
        expect((await server.rest('GET', `/bucket/${body.id}`)).body).toEqual(body);
      });

      it('executes a GET of the buckets, with the conditions that are filled in', async () => {
        await server.rest('POST', '/bucket', { body: { usageType: 'data', name: 'found' } });
        const { status, body, url } = await execute('get', '/bucket', async (block) => {
          await block.locator('tr[data-param-name="fields"] input').fill('id,name');
          await block.locator('tr[data-param-name="usageType"]').getByRole('button', { name: /Add/ }).click();
          await block.locator('tr[data-param-name="usageType"] input').fill('data');
          await block
            .locator('tr[data-param-name="conditions"] textarea')
            .fill('{"name.startswith": "fo", "requestedDate.gte": "2026-01-31"}');
        });
        expect([status, body]).toEqual(['200', [{ id: expect.any(String), name: 'found' }]]);
        expect(new URL(url).search).toContain('name.startswith=fo');
      });

      it('takes an API key, and keeps it', async () => {
        const closed = await startTestServer({ AUTH: 'required' });
        const other = await browser.newPage();
        try {
          const key = newKeyText();
          await closed.database.client.apiKey.create({ data: storedKey(key) });
          const execute = async (): Promise<string> => {
            await other.goto(`${closed.url}/docs`);
            const block = other.locator('.opblock-get').filter({ has: other.locator('[data-path="/bucket"]') });
            await block.locator('.opblock-summary').first().click();
            await block.getByRole('button', { name: 'Try it out' }).click();
            await block.getByRole('button', { name: 'Execute' }).click();
            const status = block.locator('.live-responses-table .response .response-col_status');
            await status.first().waitFor();
            return (await status.first().innerText()).trim().split(/\s/)[0] ?? '';
          };
          expect(await execute()).toBe('401');
          await other.locator('.btn.authorize').first().click();
          const scheme = other.locator('.auth-container').filter({ hasText: 'X-API-Key' });
          await scheme.locator('input').fill(key);
          await scheme.getByRole('button', { name: 'Apply credentials' }).click();
          expect(await execute()).toBe('200');
        } finally {
          await other.close();
          await closed.close();
        }
      });

      it('asks nobody but the server, and finds nothing wrong', () => {
        expect(requested.filter((url) => !url.startsWith(`${server.url}/`) && !url.startsWith('data:'))).toEqual([]);
        expect(requested.length).toBeGreaterThan(5);
        expect(complaints).toEqual([]);
      });
    });
});
