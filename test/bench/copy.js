// @ts-check
/** COPY from and to a client: the quickest way into a table. pg knows its messages, but has no call for it. */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';

/**
 * A query of pg's own kind: it is handed the connection, and the messages as they come.
 * @param {import('pg').Client} client @param {string} sql
 * @param {object} handlers of the messages that only a COPY has
 */
function run(client, sql, handlers) {
  return new Promise((resolve, reject) => {
    client.query(
      /** @type {any} */ ({
        submit: (/** @type {any} */ connection) => connection.query(sql),
        handleError: reject,
        handleCommandComplete: () => undefined,
        handleReadyForQuery: () => resolve(undefined),
        handleCopyInResponse: () => undefined,
        handleCopyData: () => undefined,
        ...handlers,
      }),
    );
  });
}

/** @param {import('pg').Client} client @param {string} table @param {string} path */
export async function copyToFile(client, table, path) {
  // What pg hands out it overwrites with the next message.
  const file = createWriteStream(path);
  await run(client, `COPY ${table} TO STDOUT`, {
    handleCopyData: (/** @type {{ chunk: Buffer }} */ { chunk }) => void file.write(Buffer.from(chunk)),
  });
  file.end();
  await once(file, 'finish');
}

/** @param {import('pg').Client} client @param {string} table @param {string} path */
export function copyFromFile(client, table, path) {
  return run(client, `COPY ${table} FROM STDIN`, {
    handleCopyInResponse: async (/** @type {any} */ connection) => {
      for await (const chunk of createReadStream(path, { highWaterMark: 1024 ** 2 })) {
        connection.sendCopyFromChunk(chunk);
        if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain');
      }
      connection.endCopyFrom();
    },
  });
}
