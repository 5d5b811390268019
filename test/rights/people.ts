import { bearer, TestIssuer } from '../support/issuer.js';
import { startTestServer, TestClock, type RestAnswer, type TestServer } from '../support/server.js';

/** A server that asks who sends a request, and people whose tokens it takes. */
export class People {
  private constructor(
    readonly server: TestServer,
    readonly issuer: TestIssuer,
    private readonly tokens: Map<string, Record<string, string>>,
  ) {}

  /** @param claims of each person's token, by name */
  static async start(claims: Readonly<Record<string, object>>, env: Record<string, string> = {}): Promise<People> {
    const clock = new TestClock();
    const issuer = await TestIssuer.start(() => clock.now());
    const server = await startTestServer({ ...issuer.env, ...env }, { mode: 'serve', clock });
    const tokens = new Map<string, Record<string, string>>();
    for (const [sub, own] of Object.entries({ admin: { roles: ['admin'] }, ...claims }))
      tokens.set(sub, bearer(await issuer.token({ claims: { sub, ...own } })));
    return new People(server, issuer, tokens);
  }

  /** The headers of a person's requests. */
  of(name: string): Record<string, string> {
    const headers = this.tokens.get(name);
    if (headers === undefined) throw new Error(`${name} has no token`);
    return headers;
  }

  /** A new token, for a time when the first has expired. */
  async renew(name: string, claims: object): Promise<void> {
    this.tokens.set(name, bearer(await this.issuer.token({ claims: { sub: name, ...claims } })));
  }

  rest(name: string, method: string, path: string, body?: object): Promise<RestAnswer> {
    return this.server.rest(method, path, { headers: this.of(name), ...(body && { body }) });
  }

  graphql(name: string, query: string, variables: object = {}): ReturnType<TestServer['graphql']> {
    return this.server.graphql(query, variables, this.of(name));
  }

  /** A new resource, made by the admin; its id. */
  async make(path: string, body: object): Promise<string> {
    const answer = await this.rest('admin', 'POST', path, body);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body.id as string;
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.issuer.close();
  }
}

export const party = (id: string, role = 'customer'): object => ({ id, role, '@referredType': 'Individual' });

/** A bucket of a party with 10 EUR. */
export const bucketOf = (id: string, name = `of ${id}`): object => ({
  name,
  usageType: 'monetary',
  remainingValue: { amount: 10, units: 'EUR' },
  relatedParty: [party(id)],
});
