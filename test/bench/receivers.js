// @ts-check
/** Receivers of events, at addresses of their own on one port, and what arrives at them. */
import { once } from 'node:events';
import { createServer } from 'node:http';

/** How a receiver answers: at once, half of the time 503, or never. @typedef {'healthy' | 'failing' | 'hanging'} Manner */
/** @typedef {{ at: number, lagMs: number }} Arrival */

export async function startReceivers() {
  /** By the host they are called by. @type {Map<string, Manner>} */
  const manners = new Map();
  /** Of healthy receivers, by receiver and event, the first. @type {Map<string, Arrival>} */
  const arrivals = new Map();
  /** What was on its way to those before is not counted. */
  let path = '/0';
  const server = createServer((request, response) => {
    /** @type {Buffer[]} */
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const host = String(request.headers.host);
      const manner = manners.get(host);
      if (manner === 'hanging') return;
      if (manner === 'failing' && Math.random() < 0.5) return void response.writeHead(503).end();
      response.writeHead(204).end();
      const key = `${host} ${request.headers['x-event-id']}`;
      if (manner !== 'healthy' || request.url !== path || arrivals.has(key)) return;
      const time = /"eventTime":"([^"]+)"/.exec(Buffer.concat(chunks).toString())?.[1] ?? '';
      arrivals.set(key, { at: performance.now(), lagMs: Date.now() - Date.parse(time) });
    });
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    arrivals,
    /** Whose answers are forgotten, and how each answers from now on. @param {Manner[]} all @returns {string[]} their callbacks */
    begin: (all) => {
      manners.clear();
      arrivals.clear();
      path = `/${Number(path.slice(1)) + 1}`;
      const hosts = all.map((_, index) => `127.0.0.${index + 1}:${port}`);
      hosts.forEach((host, index) => manners.set(host, /** @type {Manner} */ (all[index])));
      return hosts.map((host) => `http://${host}${path}`);
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
