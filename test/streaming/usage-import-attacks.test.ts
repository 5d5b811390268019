import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createGzip, gzipSync } from 'node:zlib';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createMigratedStorage, killAll, Program, startMaxMs, type Storage } from '../app/program.js';
import {
  csv,
  ended,
  figures,
  importPath,
  linesOf,
  makeTask,
  ndjson,
  open,
  post,
  problemsOf,
  put,
  taken,
  taskOf,
  usage,
  usagePath,
  type Json,
  type OpenUpload,
} from './imports.js';
import { eventually } from '../support/eventually.js';

/** Files of one client at once, as it is when nobody sets it. */
const perClientMax = 8;
const testMaxMs = 5 * startMaxMs;
jest.setTimeout(testMaxMs);
/** One program lives through all tests of the file. */
const programLifeMaxMs = 30 * testMaxMs;

const megabyte = 1024 ** 2;
const attackMegabytes = 600;
/** What an attack may cost, garbage that nobody has collected yet included: less than it sends. */
const growthMaxMegabytes = 400;

let storage: Storage;
let program: Program;
let server: { url: string };
beforeAll(async () => {
  storage = await createMigratedStorage();
  program = new Program('start', { ...storage.env, SEED: 'none', LOG_LEVEL: 'error' }, programLifeMaxMs);
  server = { url: await program.origin() };
  // What the first import loads is no part of an attack.
  await taken(server, { content: linesOf(Array.from({ length: 3_000 }, (_, index) => usage(`warm-${index}`))) });
});
/** It logs what it did not expect. */
const complaints = (): string =>
  program.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .join('\n') + program.errors;
afterEach(() => expect(complaints().slice(0, 500)).toBe(''));
afterAll(async () => {
  await killAll();
  await storage.remove();
});

/** Sends so many pieces, each when the one before is on its way. Stops when the server has answered. */
async function pour(upload: OpenUpload, piece: Buffer | string, times: number): Promise<void> {
  let isAnswered = false;
  void upload.answer.then(
    () => (isAnswered = true),
    () => (isAnswered = true),
  );
  for (let count = 0; count < times && !isAnswered; count++) await upload.write(piece).catch(() => (isAnswered = true));
}

/** The memory of the server may grow but little while something happens. */
async function inBoundedMemory<T>(work: () => Promise<T>): Promise<T> {
  const before = await program.memoryBytes();
  let peak = before;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      peak = Math.max(peak, await program.memoryBytes());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  try {
    return await work();
  } finally {
    isOver = true;
    await watching;
    expect(Math.round((peak - before) / megabyte)).toBeLessThan(growthMaxMegabytes);
  }
}

/** Others are answered meanwhile. */
async function whileOthersRead<T>(work: () => Promise<T>): Promise<T> {
  let isOver = false;
  const reading = (async () => {
    while (!isOver) {
      const answer = await fetch(`${server.url}${usagePath}/usage?limit=1`);
      expect([200, 206]).toContain(answer.status);
      await answer.arrayBuffer();
    }
  })();
  try {
    return await work();
  } finally {
    isOver = true;
    await reading;
  }
}

async function packed(piece: Buffer, times: number): Promise<Buffer> {
  const gzip = createGzip();
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (let count = 0; count < times; count++) if (!gzip.write(piece)) await once(gzip, 'drain');
  gzip.end();
  await once(gzip, 'end');
  return Buffer.concat(chunks);
}

describe('a packed file', () => {
  it('is taken as if it were not packed', async () => {
    const content = linesOf([usage('packed-1'), usage('packed-2')]);
    expect(figures(await taken(server, { content: gzipSync(content), encoding: 'gzip' }))).toEqual([
      'succeeded',
      2,
      2,
      0,
      0,
    ]);
    for (const encoding of ['GZIP', 'x-gzip']) {
      expect(figures(await taken(server, { content: gzipSync(content), encoding }))).toEqual(['succeeded', 2, 0, 2, 0]);
    }
    const rows = gzipSync('usageSpecification.id,source\ns,packed\n');
    expect(figures(await taken(server, { content: rows, encoding: 'gzip', type: csv }))).toEqual([
      'succeeded',
      1,
      1,
      0,
      0,
    ]);
  });

  const repeated = Buffer.from(linesOf([usage(undefined, { description: 'again' })]).repeat(5_000));
  it.each([
    ['zeros', Buffer.alloc(megabyte), attackMegabytes],
    ['newlines', Buffer.alloc(megabyte, '\n'), attackMegabytes],
    ['one line again and again', repeated, Math.ceil((attackMegabytes * megabyte) / repeated.length)],
  ])(
    `that is a bomb of ${attackMegabytes} MB of %s is refused where it is found, in bounded memory`,
    async (_what, piece, times) => {
      const content = await packed(piece, times);
      const { id } = await makeTask(server, { mode: 'allOrNothing' });
      const answer = await whileOthersRead(() => inBoundedMemory(() => put(server, id, { content, encoding: 'gzip' })));
      expect([answer.status, answer.body.message]).toEqual([
        413,
        expect.stringMatching(
          /^behind line \d+: the file unpacks to more than 250 times its size: the limit FILE_UNPACK_RATIO_MAX is 250$/,
        ),
      ]);
      expect(await taskOf(server, id)).toMatchObject({
        status: 'failed',
        message: expect.stringContaining('250 times'),
      });
    },
  );

  it('that is none, or broken in the middle, is refused', async () => {
    const whole = gzipSync(
      linesOf(
        Array.from({ length: 5_000 }, (_, index) =>
          usage(`gzip-${index}`, { description: randomBytes(20).toString('hex') }),
        ),
      ),
    );
    const broken = Buffer.from(whole);
    broken.fill(0xff, 20_000, 20_100);
    for (const content of [Buffer.from('no gzip at all'), broken]) {
      const answer = await post(server, { content, mode: 'allOrNothing', encoding: 'gzip' });
      expect([answer.status, answer.body.message]).toEqual([
        400,
        expect.stringMatching(/^behind line \d+: the body is not gzip/),
      ]);
    }
    const { id } = await makeTask(server);
    const cut = await put(server, id, { content: whole.subarray(0, whole.length - 1_000), encoding: 'gzip' });
    expect([cut.status, cut.body.message]).toEqual([
      400,
      expect.stringMatching(/^behind line \d+ the upload broke off: the packed file is cut off$/),
    ]);
    expect((await put(server, id, { content: whole, encoding: 'gzip' })).status).toBe(200);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 5_000, 5_000, 0, 0]);
  });
});

describe('a line', () => {
  it(`of ${attackMegabytes} MB is refused by its number, in bounded memory, and the others are taken`, async () => {
    const { id } = await makeTask(server);
    const upload = open(server, 'PUT', `${importPath}/${id}/content`);
    await whileOthersRead(() =>
      inBoundedMemory(async () => {
        await upload.write(linesOf([usage('before')]));
        await pour(upload, 'x'.repeat(megabyte), attackMegabytes);
        await upload.write(`\n${linesOf([usage('after')])}`);
        expect((await upload.end()).status).toBe(200);
      }),
    );
    expect(figures(await ended(server, id))).toEqual(['succeeded', 3, 2, 0, 1]);
    expect(await problemsOf(server, id)).toEqual([
      { line: 2, code: 'BODY_TOO_LARGE', message: expect.stringContaining(`${attackMegabytes * megabyte} bytes`) },
    ]);
  });

  it('of odd bytes or odd JSON is refused by its number', async () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const odd: [string | Buffer, string, string][] = [
      [Buffer.from('{"description":"Gr\xf6\xdfe"}', 'latin1'), 'INVALID_BODY', 'UTF-8'],
      [JSON.stringify(usage(undefined, { description: 'a\0b' })), 'INVALID_BODY', 'NUL'],
      [
        `{"usageSpecification":{"id":"s"},"description":"${String.raw`\ud800`}"}`,
        'INVALID_BODY',
        'half a surrogate pair',
      ],
      [
        `{"usageSpecification":{"id":"s"},"extra":${nested}}`,
        'INVALID_BODY',
        'values: the limit DOCUMENT_NODES_MAX is',
      ],
      [
        `{"usageSpecification":{"id":"s"},"usageCharacteristic":[{"name":"n","value":1.00000000000000000001}]}`,
        'INVALID_ATTRIBUTE',
        'usageCharacteristic',
      ],
      [`{"usageSpecification":{"id":"s"},"ratedProductUsage":[{"taxRate":1e400}]}`, 'INVALID_ATTRIBUTE', 'taxRate'],
      ['{"usageSpecification":{"id":"s"}} {}', 'INVALID_BODY', 'JSON'],
      ['null', 'INVALID_BODY', 'object'],
      ['"text"', 'INVALID_BODY', 'object'],
      ['{"__proto__":{"id":"s"},"usageSpecification":{"id":"s"}}', 'INVALID_ATTRIBUTE', '__proto__'],
      ['\0', 'INVALID_BODY', 'JSON'],
      [`{"usageSpecification":{"id":"${'x'.repeat(300)}"}}`, 'INVALID_ATTRIBUTE', 'usageSpecification.id'],
    ];
    const content = Buffer.concat([
      Buffer.from(linesOf([usage()])),
      ...odd.flatMap(([line]) => [Buffer.from(line), Buffer.from('\n')]),
      Buffer.from(linesOf([usage()])),
    ]);
    const task = await taken(server, { content });
    expect(figures(task)).toEqual(['succeeded', odd.length + 2, 2, 0, odd.length]);
    expect(await problemsOf(server, task['id'])).toEqual(
      odd.map(([, code, named], index) => ({ line: index + 2, code, message: expect.stringContaining(named) })),
    );
  });
});

describe('a file', () => {
  it.each([
    ['nothing', '', 0],
    ['empty lines', '\n\r\n \n\t\n', 0],
    ['a mark and a line without an end', `\ufeff${linesOf([usage()]).trimEnd()}`, 1],
    ['lines that end in CRLF', linesOf([usage(), usage()]).replaceAll('\n', '\r\n'), 2],
  ])('of %s is taken', async (_what, content, lines) => {
    expect(figures(await taken(server, { content }))).toEqual(['succeeded', lines, lines, 0, 0]);
  });

  it.each([
    ['with a mark', Buffer.from(`\ufeff${linesOf([usage()])}`, 'utf16le')],
    ['without one', Buffer.from(linesOf([usage()]), 'utf16le')],
    ['of the other order', Buffer.from(`\ufeff${linesOf([usage()])}`, 'utf16le').swap16()],
  ])('in UTF-16 %s is refused at its first line', async (_what, content) => {
    const answer = await post(server, { content });
    expect([answer.status, answer.body.message]).toEqual([400, 'line 1: the file is UTF-16, not UTF-8']);
  });

  it('that comes byte by byte is taken', async () => {
    const { id } = await makeTask(server);
    const upload = open(server, 'PUT', `${importPath}/${id}/content`);
    for (const byte of Buffer.from(`\ufeff${linesOf([usage(undefined, { description: 'Größe' })])}`))
      await upload.write(Uint8Array.of(byte));
    expect((await upload.end()).status).toBe(200);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 1, 1, 0, 0]);
  });

  it('whose connection is reset fails with the line', async () => {
    const { id } = await makeTask(server);
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(
      `PUT ${importPath}/${id}/content HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${ndjson}\r\nContent-Length: 100000\r\n\r\n${linesOf([usage(), usage()])}{"half`,
    );
    await eventually('the upload has begun', async () =>
      (await taskOf(server, id))['status'] === 'running' ? true : undefined,
    );
    socket.resetAndDestroy();
    expect((await ended(server, id))['message']).toBe(
      'behind line 2 the upload broke off: the connection was cut; send the file again to go on behind line 0',
    );
  });
});

it('more files at once than a client may send are put off', async () => {
  const uploads: OpenUpload[] = [];
  const ids: string[] = [];
  for (let count = 0; count < perClientMax; count++) {
    const { id } = await makeTask(server);
    const upload = open(server, 'PUT', `${importPath}/${id}/content`);
    await upload.write(linesOf([usage()]));
    uploads.push(upload);
    ids.push(id);
  }
  for (const id of ids)
    await eventually('it runs', async () => ((await taskOf(server, id))['status'] === 'running' ? true : undefined));
  const answer = await post(server, { content: linesOf([usage()]), key: 'put off' });
  expect([answer.status, answer.headers['retry-after'], answer.body.message]).toEqual([
    503,
    '1',
    expect.stringContaining(`UPLOADS_PER_CLIENT_MAX is ${perClientMax}`),
  ]);
  for (const upload of uploads) expect((await upload.end()).status).toBe(200);
  const task: Json = await taken(server, { content: linesOf([usage()]), key: 'put off' });
  expect(figures(task)).toEqual(['succeeded', 1, 1, 0, 0]);
});
