import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WrongUse } from '../administration/command.js';
import { help, readArguments, type ListenerArguments } from './arguments.js';
import { createDeliveries } from './deliveries.js';
import { register, type Registered } from './registration.js';

const exitCodes = { ended: 0, failed: 1, wrongUse: 2 } as const;

/** Runs the command with these arguments until a signal ends it, and returns its exit code. */
export async function runListener(
  given: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  try {
    const parsed = readArguments(given, environment);
    if (parsed === undefined) {
      process.stdout.write(help);
      return exitCodes.ended;
    }
    return await listen(parsed, environment['TMF_API_KEY'] || undefined);
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    process.stderr.write(`${error.message}\n\n${help}`);
    return exitCodes.wrongUse;
  }
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function listen(options: ListenerArguments, credential: string | undefined): Promise<number> {
  const { host, port, secret } = options;
  const ended = endOf();
  const deliveries = createDeliveries(options, (line) => process.stdout.write(`${line}\n`));
  const { server } = deliveries;
  deliveries.secret = secret;
  let registered: Registered | undefined;
  let code: number = exitCodes.ended;
  try {
    server.listen(port, host);
    await once(server, 'listening');
    const { port: actual } = server.address() as AddressInfo;
    const address = `http://${host.includes(':') ? `[${host}]` : host}:${actual}/listener`;
    if (options.register) {
      const { callback = address, query } = options;
      registered = await register(options.register, { callback, query, ...(secret && { secret }) }, credential);
      deliveries.secret = registered.secret;
      say(`registered ${registered.id}: ${callback}`);
    }
    say(`listening at ${address}`);
    await ended;
  } catch (error) {
    say((error as Error).message);
    code = exitCodes.failed;
  }
  // Events that come until it is deleted are taken.
  if (registered && !(await isRemoved(registered))) code = exitCodes.failed;
  server.close();
  server.closeAllConnections();
  return code;
}

/** A registration that stays is told of events that nobody takes: so it is said, and a failure. */
async function isRemoved(registered: Registered): Promise<boolean> {
  try {
    await registered.remove();
    say(`deleted ${registered.id}`);
    return true;
  } catch (error) {
    say(`the registration ${registered.id} is still there: ${(error as Error).message}`);
    return false;
  }
}

/** A signal, or that nobody reads any more what is printed. */
function endOf(): Promise<void> {
  return new Promise((end) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end());
    process.stdout.once('error', () => end());
  });
}
