import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';

const run = promisify(execFile);
/** Compilers on a busy machine take their time. */
const durationMaxMs = 300_000;
jest.setTimeout(durationMaxMs);

const { scripts } = JSON.parse(readFileSync('docs/clients/package.json', 'utf8')) as {
  scripts: Record<string, string>;
};

describe('the example clients are compiled, and run on the demo data', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo' });
  });
  afterAll(() => server.close());

  const amount = async (): Promise<number> =>
    (await server.graphql('{ bucket(id: "11") { remainingValue { amount } } }')).data.bucket.remainingValue.amount;

  it.each(Object.keys(scripts))('%s', async (name) => {
    const before = await amount();
    const { stdout } = await run('npm', ['run', '--silent', name], {
      cwd: 'docs/clients',
      env: { ...process.env, SERVER_URL: server.url },
      timeout: durationMaxMs,
    });
    // Each tops the bucket up by 5, twice with one key, and is refused one that nobody knows.
    expect(await amount()).toBe(before + 5);
    const told = (when: string): RegExp =>
      new RegExp(`^${when}.*\\b(amount: )?${when === 'before' ? before : before + 5}\\b`, 'm');
    expect(stdout).toMatch(told('before'));
    expect(stdout).toMatch(told('after'));
    expect(stdout).toMatch(/^refused (BUCKET_UNKNOWN|101 )/m);
  });
});
