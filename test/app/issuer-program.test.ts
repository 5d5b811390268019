import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { bearer } from '../support/issuer.js';
import { startTestServer, TestClock } from '../support/server.js';
import { startMaxMs } from './program.js';

jest.setTimeout(3 * startMaxMs);

let program: ChildProcess | undefined;
afterEach(() => void program?.kill('SIGKILL'));

it('npm run issuer gives tokens that a server takes with the settings it prints', async () => {
  const loader = join(process.cwd(), 'test/support/typescript.js');
  program = spawn(process.execPath, ['--import', loader, 'test/support/issuer-program.ts'], {
    env: { PATH: process.env.PATH, ISSUER_PORT: '0' },
    timeout: 3 * startMaxMs,
    killSignal: 'SIGKILL',
  });
  let output = '';
  program.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const told = await eventually('the issuer tells where it is', () => /curl -s '([^']+)'/.exec(output) ?? undefined);
  const settings = Object.fromEntries(
    [...output.matchAll(/^(AUTH_\w+)=(.+)$/gm)].map(([, name, value]) => [name, value]),
  );
  const server = await startTestServer({ AUTH: 'required', ...settings }, { clock: new TestClock(new Date()) });
  try {
    const admin = bearer(await (await fetch(`${settings.AUTH_ISSUER}/token`)).text());
    for (const id of ['customer-1', 'customer-2'])
      await server.rest('POST', '/bucket', {
        headers: admin,
        body: {
          usageType: 'monetary',
          remainingValue: { amount: 1, units: 'EUR' },
          relatedParty: [{ id, role: 'customer', '@referredType': 'Individual' }],
        },
      });
    const customer = bearer(await (await fetch(told[1]!)).text());
    const { status, body } = await server.rest('GET', '/bucket', { headers: customer });
    expect([status, body.map(({ relatedParty }: any) => relatedParty[0].id)]).toEqual([200, ['customer-1']]);
    expect((await server.rest('GET', '/bucket')).status).toBe(401);
  } finally {
    await server.close();
  }
});
