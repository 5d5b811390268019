import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';
import {
  ended,
  figures,
  importPath,
  linesOf,
  makeTask,
  open,
  put,
  received,
  taskOf,
  usage,
  usagesOf,
} from './imports.js';
import { eventually } from '../support/eventually.js';

const tenMinutesMs = 600_000;
const weekMs = 7 * 24 * 3_600_000;

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const content = linesOf(Array.from({ length: 1_500 }, (_, index) => usage(`care-${index}`)));

it('an upload that nothing was heard of for ten minutes has failed, and goes on when its file is sent again', async () => {
  const { id } = await makeTask(server, { mode: 'allOrNothing' });
  const upload = open(server, 'PUT', `${importPath}/${id}/content`);
  await upload.write(content);
  await received(server, id, 1_000);
  server.clock.advance(tenMinutesMs + 1);
  await server.startJobs();
  const task = await ended(server, id);
  expect([task['status'], task['message']]).toEqual([
    'failed',
    'the upload broke off behind line 1000; send the file again to go on behind line 1000',
  ]);
  const late = await upload.end();
  expect([late.status, late.body.message]).toEqual([409, expect.stringContaining('was given up')]);
  expect((await put(server, id, { content })).status).toBe(200);
  expect(figures(await ended(server, id))).toEqual(['succeeded', 1_500, 1_500, 0, 0]);
});

it('an upload that nothing was heard of for less goes on', async () => {
  const { id } = await makeTask(server);
  const upload = open(server, 'PUT', `${importPath}/${id}/content`);
  await upload.write(content);
  await received(server, id, 1_000);
  server.clock.advance(tenMinutesMs);
  await server.startJobs();
  await eventually('what is there is moved', async () =>
    (await taskOf(server, id))['accepted'] === 1_000 ? true : undefined,
  );
  expect((await upload.end()).status).toBe(200);
  expect(figures(await ended(server, id))).toEqual(['succeeded', 1_500, 1_500, 0, 0]);
});

it('an upload that broke off is given up after seven days, and what it brought is forgotten', async () => {
  const { id } = await makeTask(server, { mode: 'allOrNothing' });
  const upload = open(server, 'PUT', `${importPath}/${id}/content`);
  await upload.write(content);
  await received(server, id, 1_000);
  upload.cut();
  await ended(server, id);
  expect(await server.database.client.usageImportBatch.count()).toBe(1);
  server.clock.advance(weekMs + 1);
  await server.startJobs();
  await eventually('it is given up', async () =>
    (await server.database.client.usageImportBatch.count()) === 0 ? true : undefined,
  );
  const answer = await put(server, id, { content });
  expect([answer.status, answer.body.message]).toEqual([409, expect.stringContaining('its time is over')]);
  expect(await usagesOf(server)).toEqual([]);
  // It does not go on telling to send the file again.
  expect(await taskOf(server, id)).toMatchObject({
    status: 'failed',
    message: expect.stringMatching(/line 1000 and was given up: nobody sent the file again for 7 days$/),
  });
});
