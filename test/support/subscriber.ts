import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';
import { eventually } from './eventually.js';

export interface SubscriberOptions {
  /** Of the request that opens the connection. */
  headers?: Record<string, string>;
  /** Of connection_init. */
  params?: Record<string, unknown>;
  retryAttempts?: number;
}

/** A client of graphql-ws with one subscription. */
export class Subscriber {
  readonly results: any[] = [];
  /** What ended it: errors of GraphQL, or the close of its connection. */
  error: any;
  isComplete = false;
  private readonly client: Client;
  readonly dispose: () => void;

  constructor(
    url: string,
    query: string,
    variables: Record<string, unknown> = {},
    { headers, params, retryAttempts = 0 }: SubscriberOptions = {},
  ) {
    class WithHeaders extends WebSocket {
      constructor(address: string, protocol: string) {
        super(address, protocol, { headers });
      }
    }
    this.client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WithHeaders,
      connectionParams: params,
      retryAttempts,
      lazyCloseTimeout: 0,
    });
    this.dispose = this.client.subscribe(
      { query, variables },
      {
        next: (result) => void this.results.push(result),
        error: (error) => (this.error = error),
        complete: () => (this.isComplete = true),
      },
    );
  }

  /** The values of the only field of each result. */
  get events(): any[] {
    return this.results.flatMap(({ data }) => Object.values(data ?? {}));
  }

  async have(count: number): Promise<any[]> {
    await eventually(`there are ${count} events, not ${this.results.length}: ${JSON.stringify(this.error)}`, () => {
      if (this.error !== undefined && this.results.length < count) throw new Error(JSON.stringify(this.error));
      return this.results.length >= count ? true : undefined;
    });
    return this.events;
  }

  async ended(): Promise<any> {
    await eventually('it has ended', () => (this.error !== undefined || this.isComplete ? true : undefined));
    return this.error;
  }

  async close(): Promise<void> {
    this.dispose();
    await this.client.dispose();
  }
}
