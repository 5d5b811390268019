import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { hashOfKey, newKeyText } from '../../src/domain/tenancy/key-text.js';
import { startBrowser, waitMaxMs } from '../support/browser.js';
import { startTestServer, TestClock } from '../support/server.js';
import { apiDocsPage } from './browser/api-docs.js';
import { customersPage } from './browser/customers.js';
import { eventsPage } from './browser/events.js';
import { explorerPage } from './browser/explorer.js';
import { operationsPage } from './browser/operations.js';
import type { Stage } from './browser/stage.js';

jest.setTimeout(2 * waitMaxMs);

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

// One browser and two servers for all pages: starting them takes longer than the tests.
describe('in a browser', () => {
  const stage = { key: newKeyText() } as Stage;
  beforeAll(async () => {
    [stage.server, stage.closed, stage.browser] = await Promise.all([
      startTestServer({ SEED: 'demo', CALLBACK_RETRY_SECONDS: '0' }, { clock: new TestClock(new Date()) }),
      startTestServer({ AUTH: 'required' }),
      startBrowser(),
    ]);
    stage.page = stage.browser.page;
    await stage.closed.database.client.apiKey.create({ data: storedKey(stage.key) });
  });
  afterAll(async () => {
    await stage.browser.close();
    await Promise.all([stage.server.close(), stage.closed.close()]);
  });

  describe('the page of customers', () => customersPage(stage));
  describe('the explorer', () => explorerPage(stage));
  describe('the documentation of TMF REST', () => apiDocsPage(stage));
  describe('the page of operations', () => operationsPage(stage));
  // Last: it begins the work in the background.
  describe('the page of events', () => eventsPage(stage));

  it('asks nobody but the servers, and finds nothing wrong', () => {
    const { server, closed, browser } = stage;
    const ours = [server, closed].map(({ url }) => `${url}/`);
    // What the browser has with it, its viewer of PDFs, asks nobody.
    const foreign = browser.requested.filter(
      (url) => !/^(data|blob|chrome|chrome-extension):/.test(url) && !ours.some((one) => url.startsWith(one)),
    );
    expect(foreign).toEqual([]);
    expect(browser.requested.length).toBeGreaterThan(20);
    // What is refused for want of a token, and what the test cut off, is said in the console, too.
    expect(browser.complaints.filter((text) => !/401|ERR_FAILED/.test(text))).toEqual([]);
  });
});
