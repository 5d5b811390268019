import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { WrongUse } from '../../src/app/cli/administration/command.js';
import { readArguments } from '../../src/app/cli/listener/arguments.js';
import { signatureOf } from '../../src/app/hub/signature.js';
import { hashOfKey, newKeyText } from '../../src/domain/tenancy/key-text.js';
import { eventually } from '../support/eventually.js';
import { basePath, startTestServer, TestClock, type TestServer } from '../support/server.js';
import { programArguments } from '../support/programs.js';
import { startMaxMs } from './program.js';

jest.setTimeout(3 * startMaxMs);

const programs: ChildProcess[] = [];
let server: TestServer;
const key = newKeyText();
const headers = { 'x-api-key': key };

beforeAll(async () => {
  server = await startTestServer(
    { AUTH: 'required', CALLBACK_ALLOW_PRIVATE: 'on' },
    { clock: new TestClock(new Date()) },
  );
  const identity = { tenantId: 'default', id: 'key', name: 'listener', hash: hashOfKey(key), roles: ['admin'] };
  const nothing = { parties: [], accounts: [], logicalResources: [] };
  const now = { createdAt: new Date(), updatedAt: new Date() };
  await server.database.client.apiKey.create({ data: { ...identity, ...nothing, ...now } });
  await server.startJobs();
});
afterEach(() => {
  for (const program of programs.splice(0)) program.kill('SIGKILL');
});
afterAll(() => server.close());

/** `npm run listener`, without npm. */
function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...programArguments('listener'), ...args], {
    env: { PATH: process.env.PATH, ...env },
    timeout: 3 * startMaxMs,
    killSignal: 'SIGKILL',
  });
  programs.push(child);
  const told = { output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => (told.output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (told.errors += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code, ...told }));
  return {
    told,
    ended,
    stop: () => (child.kill('SIGTERM'), ended),
    address: () => eventually('it listens', () => /^listening at (\S+)$/m.exec(told.errors)?.[1]),
    prints: (pattern: RegExp) =>
      eventually(`it prints ${String(pattern)}`, () => pattern.exec(told.output) ?? undefined),
  };
}

const bucket = async (): Promise<string> =>
  (await server.rest('POST', '/bucket', { headers, body: { usageType: 'monetary' } })).body.id as string;
const hubs = async (): Promise<any[]> => (await server.rest('GET', '/hub', { headers })).body;

describe('npm run listener', () => {
  it('registers itself at a hub, prints what arrives and verifies it, and deletes its registration', async () => {
    const at = `${server.url}${basePath}/hub`;
    const listener = start(
      ['--port', '0', '--register', at, '--query', 'eventType=BucketCreateEvent', '--fail', '0.5', '--delay', '5'],
      { TMF_API_KEY: key },
    );
    const address = await listener.address();
    expect(await hubs()).toMatchObject([{ callback: address, query: 'eventType=BucketCreateEvent', api: 'TMF654' }]);
    const ids = [await bucket(), await bucket(), await bucket()];
    for (const id of ids)
      await listener.prints(new RegExp(`^\\S+Z BucketCreateEvent ${id} attempt \\d+ verified$`, 'm'));
    const { code, output, errors } = await listener.stop();
    expect([code, errors]).toEqual([0, expect.stringMatching(/^registered .*\nlistening .*\ndeleted \S+\n$/)]);
    for (const line of output.trim().split('\n'))
      expect(line).toMatch(/^\S+Z BucketCreateEvent \S+ attempt \d+ verified(, answered 503)?$/);
    expect(await hubs()).toEqual([]);
  });

  it('registers itself for all APIs, with a secret of its own', async () => {
    const secret = 'a secret of sixteen';
    const listener = start(['--port', '0', '--register', server.url], { TMF_API_KEY: key, LISTENER_SECRET: secret });
    await listener.address();
    const { data } = await server.graphql('{ hubs { items { api } } }', {}, headers);
    expect(data.hubs.items).toEqual([{ api: null }]);
    await listener.prints(new RegExp(`BucketCreateEvent ${await bucket()} attempt 1 verified`));
    expect((await listener.stop()).code).toBe(0);
  });

  it('says what is not verified, takes no other bodies, and prints nothing that moves a terminal', async () => {
    const secret = 'a secret of sixteen';
    const listener = start(['--port', '0', '--secret', secret]);
    const address = await listener.address();
    const event = (id: string): string =>
      JSON.stringify({ eventTime: 'now', eventType: 'BucketCreateEvent', event: { bucket: { id } } });
    const send = async (body: string, signature?: string): Promise<number> =>
      (
        await fetch(address, {
          method: 'POST',
          body,
          headers: { ...(signature !== undefined && { 'X-Signature': signature }), 'X-Delivery-Attempt': '2' },
        })
      ).status;
    const now = new Date();
    const [good, old] = [event('good'), event('old')];
    expect(await send(good, signatureOf(good, [secret], now))).toBe(204);
    // During a rotation there are two.
    expect(await send(good, signatureOf(good, ['another secret of sixteen', secret], now))).toBe(204);
    expect(await send(good, signatureOf(`${good} `, [secret], now))).toBe(204);
    expect(await send(old, signatureOf(old, [secret], new Date(now.getTime() - 600_000)))).toBe(204);
    expect(await send(event('\u001b[2J\nforged'))).toBe(204);
    expect([await send('no JSON'), await send('{"event": null}')]).toEqual([400, 400]);
    expect(await send(`"${'x'.repeat(5_000_000)}"`).catch(() => 413)).toBe(413);
    expect((await fetch(address)).status).toBe(405);
    const { output } = await listener.stop();
    expect(output.split('\n')).toEqual([
      'now BucketCreateEvent good attempt 2 verified',
      'now BucketCreateEvent good attempt 2 verified',
      'now BucketCreateEvent good attempt 2 NOT VERIFIED: it is signed by another secret, or was changed',
      expect.stringMatching(/^now BucketCreateEvent old attempt 2 NOT VERIFIED: it was signed at another time: \d+$/),
      'now BucketCreateEvent ?[2J?forged attempt 2 NOT VERIFIED: it has no signature',
      'a body that is no event: answered 400',
      'a body that is no event: answered 400',
      'a body that is broken off, or has more than 4194304 bytes: answered 413',
      '',
    ]);
  });

  it('leaves without an answer what it is told to', async () => {
    const listener = start(['--port', '0', '--hang', '1']);
    const left = new AbortController();
    const body = JSON.stringify({ eventTime: 'now', eventType: 'BucketCreateEvent', event: { bucket: { id: 'b' } } });
    const answer = fetch(await listener.address(), { method: 'POST', body, signal: left.signal });
    await listener.prints(/^now BucketCreateEvent b attempt \? not verified: there is no secret, not answered$/m);
    left.abort();
    await expect(answer).rejects.toThrow('abort');
    expect((await listener.stop()).code).toBe(0);
  });

  it('ends with 1 when it is refused, and with 2 when it is called wrongly', async () => {
    const refused = await start(['--port', '0', '--register', `${server.url}${basePath}/hub`]).ended;
    expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('answers 401')]);
    const wrong = await start(['--colour', 'red']).ended;
    expect([wrong.code, wrong.errors]).toEqual([2, expect.stringContaining("'--colour'")]);
    const help = await start(['--help']).ended;
    expect([help.code, help.output]).toEqual([0, expect.stringContaining('--register <url>')]);
    expect(await hubs()).toEqual([]);
  });

  it.each([
    [['--port', '70000'], '--port'],
    [['--port', 'x'], '--port'],
    [['--fail', '2'], '--fail'],
    [['--fail', '0.6', '--hang', '0.6'], '--hang'],
    [['--delay', '-1'], '--delay'],
    [['--register', 'ftp://host'], '--register'],
    [['--query', 'eventType=BucketCreateEvent'], '--query'],
    [['--register', 'http://host', '--callback', 'host'], '--callback'],
    [['positional'], 'positional'],
  ])('refuses %j', (args, named) => {
    const read = (): unknown => readArguments(args, {});
    expect(read).toThrow(WrongUse);
    expect(read).toThrow(named);
  });
});
