import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to PostgreSQL that can be cut. */
export interface TcpProxy {
  url: string;
  /** Hangs up on everybody. */
  reset(): void;
  /** And takes no new connection. */
  cut(): void;
  mend(): Promise<void>;
  /** From the first time that this text is sent, its connection, and no other, carries nothing any more, in silence. */
  swallowAt(text: string): Promise<void>;
}

export async function openConnection(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let server = createServer();
  let port = 0;
  let swallowed: { text: string; done: () => void } | undefined;
  const listen = async (): Promise<void> => {
    server = createServer((near) => {
      const far = connect(Number(target.port || 5432), target.hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      near.on('data', (chunk) => {
        if (swallowed && chunk.includes(swallowed.text)) {
          swallowed.done();
          swallowed = undefined;
          near.removeAllListeners('data').on('data', () => undefined);
          far.removeAllListeners('data').on('data', () => undefined);
        } else far.write(chunk);
      });
      far.on('data', (chunk) => near.write(chunk));
      near.on('end', () => far.end());
      far.on('end', () => near.end());
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const reset = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
  await listen();
  const near = new URL(url);
  near.host = `127.0.0.1:${port}`;
  return {
    url: near.href,
    reset,
    cut: () => {
      server.close();
      reset();
    },
    mend: listen,
    swallowAt: (text) => new Promise((done) => (swallowed = { text, done })),
  };
}
