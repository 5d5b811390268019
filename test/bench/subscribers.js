// @ts-check
/** Subscribers of events by graphql-transport-ws, each with a connection of its own, and what arrives at them. */
import { WebSocket } from 'ws';

const query =
  'subscription { events(types: [TopupBalanceCreateEvent]) { eventId eventTime eventType resourceType resourceId } }';
/** For the last of them to be told that it is known; subscriptions have no answer that says that they have begun. */
const openMaxMs = 30_000;
/** How many connect at once. */
const atOnce = 25;

/** @param {string} origin @param {number} count @param {AbortSignal} signal */
export async function startSubscribers(origin, count, signal) {
  /** By subscriber and event, the first. @type {Map<string, import('./receivers.js').Arrival>} */
  const arrivals = new Map();
  /** @type {WebSocket[]} */
  const sockets = [];
  const close = () => sockets.forEach((socket) => socket.terminate());
  try {
    while (sockets.length < count) {
      const next = Array.from({ length: Math.min(atOnce, count - sockets.length) }, (_, index) =>
        subscribe(origin, sockets.length + index, arrivals),
      );
      sockets.push(...(await Promise.all(next)));
      signal.throwIfAborted();
    }
  } catch (error) {
    close();
    throw error;
  }
  return { arrivals, close };
}

/** @param {string} origin @param {number} number @param {Map<string, import('./receivers.js').Arrival>} arrivals @returns {Promise<WebSocket>} */
function subscribe(origin, number, arrivals) {
  return new Promise((done, fail) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      handshakeTimeout: openMaxMs,
    });
    socket.on('error', fail);
    socket.on('close', (code, reason) => fail(new Error(`a subscription was closed: ${code} ${String(reason)}`)));
    socket.on('open', () => socket.send('{"type":"connection_init"}'));
    socket.on('message', (data) => {
      const { type, payload } = JSON.parse(String(data));
      if (type === 'connection_ack') {
        socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
        done(socket);
      } else if (type === 'ping') socket.send('{"type":"pong"}');
      else if (type === 'next') {
        const { eventId, eventTime } = payload.data.events;
        const key = `${number} ${eventId}`;
        if (!arrivals.has(key)) arrivals.set(key, { at: performance.now(), lagMs: Date.now() - Date.parse(eventTime) });
      } else if (type === 'error') fail(new Error(`a subscription is refused: ${JSON.stringify(payload)}`));
    });
  });
}
