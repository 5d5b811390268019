import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

/** Debian's chromium, or another one; without any, what needs a browser does not run (jest.config.js). */
const browserPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Bounds of waiting: a browser that starts on a busy machine takes long. */
export const waitMaxMs = 150_000;

const browserArguments = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The network is cut: there is this machine, and nothing else.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** A browser, and what its pages did. */
export interface TestBrowser {
  page: Page;
  context: BrowserContext;
  /** Addresses that were asked for. */
  requested: string[];
  /** Errors of scripts, of the console, and what the Content-Security-Policy forbade. */
  complaints: string[];
  close(): Promise<void>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath,
    headless: true,
    // Chromium refuses its sandbox to root and in most containers; it only sees pages of ours.
    chromiumSandbox: false,
    args: browserArguments,
    timeout: waitMaxMs,
    viewport: desktop,
  });
  context.setDefaultTimeout(waitMaxMs);
  const page = context.pages()[0] ?? (await context.newPage());
  const [requested, complaints]: string[][] = [[], []];
  context.on('request', (request) => requested!.push(request.url()));
  context.on('console', (message) => message.type() === 'error' && complaints!.push(message.text()));
  context.on('weberror', (error) => complaints!.push(error.error().message));
  return {
    page,
    context,
    requested: requested!,
    complaints: complaints!,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

export const desktop = { width: 1280, height: 900 };
export const phone = { width: 390, height: 844 };

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe-core finds on a page that is serious or worse, as `rule: element`; `exclude` leaves out parts, with the reason beside. It makes no
 * selectors: over elements that have gone meanwhile, as editors have them, it breaks.
 */
export async function seriousFaults(page: Page, exclude: string[] = []): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate<string[]>(`
    axe.run({ exclude: ${JSON.stringify(exclude.map((one) => [one]))} }, { selectors: false }).then(({ violations }) =>
      violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`);
}

/** By how many pixels a page is wider than the window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
