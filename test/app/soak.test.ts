import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, jest } from '@jest/globals';
import { proofSize } from '../support/proof.js';

/** Of load; the clusters, the servers and what is looked at afterwards take their time, too. */
const minutes = proofSize('SOAK_MINUTES', { short: 0.15, long: 1 });
const maxMs = (minutes + 12) * 60_000;
jest.setTimeout(maxMs);

it('keeps books and events right while servers and database are killed, stalled and cut off', async () => {
  const given = [
    '--sources',
    '--shared',
    '--minutes',
    String(minutes),
    '--seed',
    String(process.env.TEST_SEED),
    '--rate',
    '15',
  ];
  const loader = './test/support/typescript.js';
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', loader, 'test/soak/run.ts', ...given], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PG_BIN: process.env.PG_BIN },
    timeout: maxMs - 10_000,
  }).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`, { cause: error });
  });
  expect(stdout).toContain('all is well');
  expect(stdout).toMatch(/^(kill|restart|stall|cut|jump|full|loss) .+ +[1-9]\d* +\d/m);
});

it('refuses a fault that there is not, by its name', async () => {
  const loader = './test/support/typescript.js';
  const given = ['--import', loader, 'test/soak/run.ts', '--only', 'earthquake'];
  await expect(promisify(execFile)(process.execPath, given)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--only 'earthquake' is none of: kill of a server"),
  });
});
