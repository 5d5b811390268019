import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { Findings } from './findings.js';
import { groupBy } from './group.js';

const toldMaxMs = 360_000;

/** Ids of events in the order in which they came first, and how often one came again. */
export class Arrivals {
  readonly order = new Map<string, number>();
  again = 0;

  add(id: string): void {
    if (this.order.has(id)) this.again += 1;
    else this.order.set(id, this.order.size);
  }
}

/** Who is told of events by the hub. */
export class Receiver {
  readonly arrivals = new Arrivals();
  private server: HttpServer | undefined;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}/listener`;
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        response.writeHead(204).end();
        this.arrivals.add(String(request.headers['x-event-id']));
      });
    });
    this.server = server;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
}

/** Who subscribes to all events, and goes on behind the last one at another server whenever a stream ends. */
export class Subscriber {
  readonly arrivals = new Arrivals();
  private last = '';
  private readonly ending = new AbortController();
  private running: Promise<void> = Promise.resolve();
  streams = 0;

  constructor(
    private readonly origins: readonly string[],
    private readonly key: string,
    private readonly findings: Findings,
  ) {}

  start(): void {
    this.running = this.run();
  }

  private async run(): Promise<void> {
    for (let turn = 0; !this.ending.signal.aborted; turn++) {
      await this.listen(this.origins[turn % this.origins.length]!).catch(() => undefined);
      await sleep(500, undefined, { signal: this.ending.signal }).catch(() => undefined);
    }
  }

  private async listen(origin: string): Promise<void> {
    const response = await fetch(`${origin}/graphql/stream`, {
      method: 'POST',
      headers: {
        ...{ accept: 'text/event-stream', 'content-type': 'application/json', 'x-api-key': this.key },
        ...(this.last !== '' && { 'last-event-id': this.last }),
      },
      body: '{"query":"subscription { events { eventId } }"}',
      signal: this.ending.signal,
    });
    if (response.status === 410) this.findings.add('a subscriber cannot go on', await response.text());
    if (response.status !== 200 || !response.body) return void (await response.body?.cancel());
    this.streams += 1;
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const messages = (rest + chunk).split('\n\n');
      rest = messages.pop() ?? '';
      for (const message of messages) {
        const id = /"eventId":"([^"]+)"/.exec(message)?.[1];
        if (id === undefined) continue;
        this.last = id;
        this.arrivals.add(id);
      }
    }
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }
}

interface Committed {
  id: string;
  resource: string;
  revision: number | null;
}

/** Compares what was told with what the outbox has. */
export class Events {
  constructor(
    private readonly url: string,
    private readonly tenantId: string,
    private readonly findings: Findings,
  ) {}

  /** The last event there is when somebody begins to listen. */
  async end(): Promise<string> {
    const [row] = await this.query<{ id: string }>(
      'SELECT coalesce(max("id"), $2) AS "id" FROM "Outbox" WHERE "tenantId" = $1',
      [''],
    );
    return row?.id ?? '';
  }

  /** Waits until all is told, and looks whether nothing else is, and in which order. */
  async look(who: string, arrivals: Arrivals, since: string, isOnce: boolean): Promise<void> {
    await eventually('all is told', async () => (await this.missing(arrivals, since)).length === 0 || undefined, {
      maxMs: toldMaxMs,
    }).catch(async () => {
      const missing = await this.missing(arrivals, since);
      this.findings.add(`events were not told to the ${who}`, `${missing.length}: ${missing.slice(0, 5).join(', ')}`);
    });
    const committed = await this.committed(since);
    const known = new Set(committed.map(({ id }) => id));
    for (const id of arrivals.order.keys())
      if (!known.has(id)) this.findings.add(`the ${who} was told of what did not happen`, id);
    if (isOnce && arrivals.again > 0) this.findings.add(`the ${who} was told events again`, String(arrivals.again));
    for (const [resource, events] of groupBy(committed, (event) => event.resource)) {
      let last = -1;
      for (const { id } of events.filter(({ revision }) => revision !== null).sort(byRevision)) {
        const place = arrivals.order.get(id);
        if (place === undefined) continue;
        if (place < last)
          this.findings.add(`the ${who} was told events of a resource out of their order`, `${resource} ${id}`);
        last = Math.max(last, place);
      }
    }
  }

  private async missing(arrivals: Arrivals, since: string): Promise<string[]> {
    return (await this.committed(since)).map(({ id }) => id).filter((id) => !arrivals.order.has(id));
  }

  /** Of all events those that are stored and those that are made of them. */
  private committed(since: string): Promise<Committed[]> {
    return this.query<Committed>(
      `WITH stored AS (SELECT * FROM "Outbox" WHERE "tenantId" = $1 AND "id" > $2 AND "resourceType" NOT IN ('hub', 'hubDeadLetter'))
       SELECT "id", "resourceType" || ' ' || "resourceId" AS "resource", ("payload" ->> 'revision')::int AS "revision" FROM stored
       UNION ALL SELECT o."id" || '.' || (i ->> 0), 'bucket ' || (i ->> 0), (i ->> 1)::int
       FROM stored o, jsonb_array_elements(o."impact") i WHERE jsonb_typeof(o."impact") = 'array'`,
      [since],
    );
  }

  /** Each change has its event, and each event its change. */
  async compare(): Promise<void> {
    const rows = await this.query<{ what: string }>(
      `SELECT 'action ' || a."id" AS "what" FROM "BalanceAction" a WHERE a."tenantId" = $1 AND $2 = '' AND 1 <> (
         SELECT count(*) FROM "Outbox" o WHERE o."tenantId" = $1 AND o."resourceId" = a."id" AND o."eventType" LIKE CASE a."status" WHEN 'failed' THEN '%FailureEvent' ELSE '%CreateEvent' END)
       UNION ALL SELECT 'event ' || o."id" FROM "Outbox" o WHERE o."tenantId" = $1 AND o."resourceType" IN ('topupBalance', 'adjustBalance', 'reserveBalance', 'transferBalance')
         AND NOT EXISTS (SELECT FROM "BalanceAction" a WHERE a."tenantId" = $1 AND a."id" = o."resourceId")
       UNION ALL SELECT 'usage ' || u."id" FROM "Usage" u WHERE u."tenantId" = $1 AND 1 <> (
         SELECT count(*) FROM "Outbox" o WHERE o."tenantId" = $1 AND o."resourceId" = u."id" AND o."eventType" = 'UsageCreateEvent')
       UNION ALL SELECT 'bucket ' || b."id" FROM "Bucket" b WHERE b."tenantId" = $1 AND b."revision" <> (
         SELECT max((i ->> 1)::int) FROM "Outbox" o, jsonb_array_elements(o."impact") i
         WHERE o."tenantId" = $1 AND jsonb_typeof(o."impact") = 'array' AND i ->> 0 = b."id")`,
      [''],
    );
    for (const { what } of rows) this.findings.add('changes and events do not match', what);
  }

  private async query<T extends object>(sql: string, more: readonly string[]): Promise<T[]> {
    const client = new pg.Client(this.url);
    await client.connect();
    try {
      return (await client.query<T>(sql, [this.tenantId, ...more])).rows;
    } finally {
      await client.end();
    }
  }
}

/** Several events of one revision are told in the order of their ids. */
function byRevision(one: Committed, other: Committed): number {
  return (one.revision ?? 0) - (other.revision ?? 0) || (one.id < other.id ? -1 : 1);
}
