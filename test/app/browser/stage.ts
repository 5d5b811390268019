import type { Page } from 'playwright-core';
import type { TestBrowser } from '../../support/browser.js';
import type { TestServer } from '../../support/server.js';

/** What the pages are tried on; it is there when tests run. */
export interface Stage {
  /** With the demo data, for everybody. */
  server: TestServer;
  /** Empty, and only for whoever has the key, an admin's. */
  closed: TestServer;
  key: string;
  browser: TestBrowser;
  page: Page;
}
