import { describe, expect, test } from '@jest/globals';
import { ConfigError, readConfig } from '../../../src/platform/config.js';
import { settings } from '../../../src/platform/settings.js';

const databaseUrl = 'postgres://app:secret@db.example:5432/app';

describe('configuration', () => {
  test('needs nothing in sandbox mode', () => {
    expect(readConfig({}, 'sandbox')).toEqual({
      mode: 'sandbox',
      port: 4000,
      host: '127.0.0.1',
      publicUrl: undefined,
      allowedHosts: [],
      trustedProxies: [],
      databaseUrl: undefined,
      isRowLevelSecurityOn: false,
      workers: 1,
      dataDir: './data',
      seed: 'demo',
      pageSizeDefault: 100,
      restPageSizeDefault: 1000,
      pageSizeMax: 1000,
      answerEditions: {},
      countMax: 10_000,
      countWaitMs: 50,
      bodyMaxBytes: 1_048_576,
      bodyBytesPerSecondMin: 1024,
      bodySlowMs: 20_000,
      headerMaxMs: 20_000,
      readerStallMs: 60_000,
      connectionsMax: 4096,
      connectionsPerClientMax: 512,
      uploadsPerClientMax: 8,
      answerMaxBytes: 16_777_216,
      mayCallPrivate: true,
      callbackConcurrency: 32,
      callbackTimeoutMs: 10_000,
      callbackRetrySeconds: 259_200,
      expiringDays: [7, 1],
      subscriptionsMax: 2_000,
      subscriptionsPerTenantMax: 1_000,
      subscriptionsPerPrincipalMax: 100,
      subscriberStallMs: 20_000,
      natsStream: 'tmf-events',
      rabbitmqExchange: 'tmf.events',
      brokerSubjectPrefix: 'tmf',
      operationCostMax: 1_000_000,
      databasePoolSize: 20,
      readStatementMaxMs: 5_000,
      reportStatementMaxMs: 30_000,
      shutdownDelaySeconds: 0,
      logLevel: 'info',
      slowOperationMs: 1000,
      metricsToken: undefined,
      isIntrospectionEnabled: true,
      arePagesShown: true,
      corsOrigins: [],
      timeZone: 'UTC',
      paymentWaitSeconds: 86_400,
      billIssuer: 'The operator',
      areJobsEnabled: true,
      idempotencyKeyDays: 30,
      outboxRetentionDays: 90,
      billRepeatedChargesMax: 15,
      isWorkSimulated: true,
      auth: 'off',
      isOpenBeyondLoopback: false,
      authAudience: [],
      authAlgorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      signedLinkSeconds: 600,
      authClockSkewSeconds: 30,
      authClaimTenant: 'tenant',
      authClaimRoles: 'roles',
      authClaimParties: 'parties',
      isAuditKept: false,
      auditDays: 400,
      authClaimAccounts: 'accounts',
      authClaimLogicalResources: 'logical_resources',
      authMachines: [
        { claim: 'gty', value: 'client-credentials' },
        { claim: 'idtyp', value: 'app' },
        { claim: 'sub', other: 'client_id' },
        { claim: 'sub', other: 'azp' },
      ],
    });
  });

  test('is closed by default in serve mode', () => {
    expect(readConfig({ DATABASE_URL: databaseUrl, ALLOWED_HOSTS: 'api.example' }, 'serve')).toMatchObject({
      seed: 'none',
      isIntrospectionEnabled: false,
      auth: 'required',
      databaseUrl,
    });
  });

  test('reads every variable', () => {
    const env = {
      PORT: '0',
      HOST: '0.0.0.0',
      PUBLIC_URL: 'https://example.org/balance',
      ALLOWED_HOSTS: 'API.example:8443, *.shop.example,10.0.0.1, ::1, [::2]:80',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      AUTH: 'required',
      AUTH_OFF_BEYOND_LOOPBACK: 'on',
      AUTH_ISSUER: 'https://issuer.example/realms/a/',
      AUTH_JWKS_FILE: '/etc/balance/keys.json',
      AUTH_AUDIENCE: 'tmf, balance',
      AUTH_ALGORITHMS: 'ES384,EdDSA',
      AUTH_CLOCK_SKEW_SECONDS: '0',
      AUTH_CLAIM_TENANT: 'org.id',
      AUTH_CLAIM_ROLES: 'realm_access.roles',
      AUTH_CLAIM_PARTIES: 'https://example.org/parties',
      AUTH_CLAIM_ACCOUNTS: 'a',
      AUTH_CLAIM_LOGICAL_RESOURCES: 'numbers',
      AUTH_MACHINES: 'gty=client-credentials,name=robot-*,sub=$client_id',
      SIGNING_KEY: 'a secret of 32 characters or more, and the one before of 32 or more',
      SIGNING_KEY_FILE: '/run/secrets/signing',
      SIGNED_LINK_SECONDS: '60',
      AUDIT: 'on',
      AUDIT_DAYS: '30',
      QUOTA_PRINCIPAL: '10/s,1000/d',
      QUOTA_PRINCIPAL_COST: '1/s',
      QUOTA_KEY: '2/s',
      QUOTA_KEY_COST: '3/s',
      QUOTA_TENANT: '4/s',
      QUOTA_TENANT_COST: '5/d',
      QUOTA_ADDRESS: '6/s',
      QUOTA_ADDRESS_COST: '7/s',
      CALLBACK_ALLOW_PRIVATE: 'on',
      CALLBACK_CONCURRENCY: '5',
      CALLBACK_TIMEOUT_SECONDS: '3',
      CALLBACK_RETRY_SECONDS: '60',
      EXPIRING_DAYS: '30, 3,',
      NATS_URL: 'nats://u:p@nats:4222',
      NATS_STREAM: 'EVENTS',
      RABBITMQ_URL: 'amqps://u:p@rabbit/v',
      RABBITMQ_EXCHANGE: 'events',
      BROKER_SUBJECT_PREFIX: 'acme',
      SUBSCRIPTIONS_MAX: '10',
      SUBSCRIPTIONS_PER_TENANT_MAX: '9',
      SUBSCRIPTIONS_PER_PRINCIPAL_MAX: '8',
      SUBSCRIBER_STALL_SECONDS: '7',
      DATABASE_URL: 'postgresql:///app?host=/var/run/postgresql',
      ROW_LEVEL_SECURITY: 'on',
      WORKERS: '4',
      DATA_DIR: '/var/lib/balance',
      SEED: 'none',
      PAGE_SIZE_DEFAULT: '20',
      REST_PAGE_SIZE_DEFAULT: '30',
      PAGE_SIZE_MAX: '50',
      ANSWER_EDITIONS: 'TMF654=swagger',
      COUNT_MAX: '5000',
      COUNT_WAIT_MS: '50',
      BODY_MAX_BYTES: '2048',
      BODY_BYTES_PER_SECOND_MIN: '500',
      BODY_SLOW_SECONDS: '40',
      HEADER_SECONDS_MAX: '9',
      READER_STALL_SECONDS: '120',
      CONNECTIONS_MAX: '10000',
      CONNECTIONS_PER_CLIENT_MAX: '100',
      UPLOADS_PER_CLIENT_MAX: '2',
      ANSWER_BYTES_MAX: '4096',
      OPERATION_COST_MAX: '50000',
      DATABASE_POOL_SIZE: '3',
      READ_STATEMENT_MAX_MS: '700',
      REPORT_STATEMENT_MAX_MS: '90000',
      SHUTDOWN_DELAY_SECONDS: '5',
      LOG_LEVEL: 'debug',
      SLOW_OPERATION_MS: '250',
      METRICS_TOKEN: 'a-token-for-prometheus',
      INTROSPECTION: 'off',
      PAGES: 'off',
      EXTENSION_SCHEMA_DIR: '/etc/balance/schemas',
      POLICY_FILE: '/etc/balance/policy.json',
      CORS_ORIGINS: 'https://a.example, http://localhost:3000,',
      OPERATOR_TIME_ZONE: 'Europe/Berlin',
      BILL_ISSUER: 'Ελλάδα Telecom',
      BACKGROUND_JOBS: 'off',
      PAYMENT_WAIT_SECONDS: '900',
      IDEMPOTENCY_KEY_DAYS: '7',
      OUTBOX_RETENTION_DAYS: '14',
      BILL_REPEATED_CHARGES_MAX: '30',
      BILL_TOTAL_MAX: '10000',
      SIMULATE_WORK: 'off',
    };
    expect(Object.keys(env)).toEqual(Object.keys(settings));
    expect(readConfig(env, 'sandbox')).toEqual({
      mode: 'sandbox',
      port: 0,
      host: '0.0.0.0',
      publicUrl: 'https://example.org/balance',
      allowedHosts: ['api.example', '*.shop.example', '10.0.0.1', '[::1]', '[::2]'],
      trustedProxies: ['10.0.0.0/8', '::1'],
      auth: 'required',
      isOpenBeyondLoopback: true,
      authIssuer: 'https://issuer.example/realms/a/',
      authJwksFile: '/etc/balance/keys.json',
      authAudience: ['tmf', 'balance'],
      authAlgorithms: ['ES384', 'EdDSA'],
      authClockSkewSeconds: 0,
      authClaimTenant: 'org.id',
      authClaimRoles: 'realm_access.roles',
      authClaimParties: 'https://example.org/parties',
      isAuditKept: true,
      auditDays: 30,
      quotaPrincipal: [
        { max: 10, seconds: 1 },
        { max: 1000, seconds: 86_400 },
      ],
      quotaPrincipalCost: [{ max: 1, seconds: 1 }],
      quotaKey: [{ max: 2, seconds: 1 }],
      quotaKeyCost: [{ max: 3, seconds: 1 }],
      quotaTenant: [{ max: 4, seconds: 1 }],
      quotaTenantCost: [{ max: 5, seconds: 86_400 }],
      quotaAddress: [{ max: 6, seconds: 1 }],
      quotaAddressCost: [{ max: 7, seconds: 1 }],
      mayCallPrivate: true,
      callbackConcurrency: 5,
      callbackTimeoutMs: 3_000,
      callbackRetrySeconds: 60,
      expiringDays: [30, 3],
      subscriptionsMax: 10,
      subscriptionsPerTenantMax: 9,
      subscriptionsPerPrincipalMax: 8,
      subscriberStallMs: 7_000,
      natsUrl: 'nats://u:p@nats:4222',
      natsStream: 'EVENTS',
      rabbitmqUrl: 'amqps://u:p@rabbit/v',
      rabbitmqExchange: 'events',
      brokerSubjectPrefix: 'acme',
      authClaimAccounts: 'a',
      authClaimLogicalResources: 'numbers',
      authMachines: [
        { claim: 'gty', value: 'client-credentials' },
        { claim: 'name', start: 'robot-' },
        { claim: 'sub', other: 'client_id' },
      ],
      signingKey: ['a secret of 32 characters or more', 'and the one before of 32 or more'],
      signingKeyFile: '/run/secrets/signing',
      signedLinkSeconds: 60,
      databaseUrl: 'postgresql:///app?host=/var/run/postgresql',
      isRowLevelSecurityOn: true,
      workers: 4,
      dataDir: '/var/lib/balance',
      seed: 'none',
      pageSizeDefault: 20,
      restPageSizeDefault: 30,
      pageSizeMax: 50,
      answerEditions: { TMF654: 'swagger' },
      countMax: 5000,
      countWaitMs: 50,
      bodyMaxBytes: 2048,
      bodyBytesPerSecondMin: 500,
      bodySlowMs: 40_000,
      headerMaxMs: 9_000,
      readerStallMs: 120_000,
      connectionsMax: 10_000,
      connectionsPerClientMax: 100,
      uploadsPerClientMax: 2,
      answerMaxBytes: 4096,
      operationCostMax: 50_000,
      databasePoolSize: 3,
      readStatementMaxMs: 700,
      reportStatementMaxMs: 90_000,
      shutdownDelaySeconds: 5,
      logLevel: 'debug',
      slowOperationMs: 250,
      metricsToken: 'a-token-for-prometheus',
      isIntrospectionEnabled: false,
      arePagesShown: false,
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
      timeZone: 'Europe/Berlin',
      paymentWaitSeconds: 900,
      billIssuer: 'Ελλάδα Telecom',
      areJobsEnabled: false,
      idempotencyKeyDays: 7,
      outboxRetentionDays: 14,
      billRepeatedChargesMax: 30,
      billTotalMax: 10_000,
      isWorkSimulated: false,
      extensionSchemaDir: '/etc/balance/schemas',
      policyFile: '/etc/balance/policy.json',
    });
  });

  test('makes the lists of TMF REST no longer than a page may be', () => {
    expect(readConfig({ PAGE_SIZE_MAX: '200' }, 'sandbox').restPageSizeDefault).toBe(200);
    expect(() => readConfig({ PAGE_SIZE_MAX: '200', REST_PAGE_SIZE_DEFAULT: '201' }, 'sandbox')).toThrow(
      "cannot use REST_PAGE_SIZE_DEFAULT '201'",
    );
  });

  test('takes an empty variable for one that is not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ' }, 'sandbox')).toEqual(readConfig({}, 'sandbox'));
  });

  test.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80a'],
    ['PORT', '4e3'],
    ['BILL_REPEATED_CHARGES_MAX', '0'],
    ['BILL_TOTAL_MAX', '-5'],
    ['HOST', 'two words'],
    ['PUBLIC_URL', 'example.org'],
    ['PUBLIC_URL', 'ftp://example.org'],
    ['PUBLIC_URL', 'https://example.org/'],
    ['PUBLIC_URL', 'https://example.org?a=b'],
    ['ALLOWED_HOSTS', '*'],
    ['ALLOWED_HOSTS', 'api.example/x'],
    ['ALLOWED_HOSTS', '*.10.0.0.1'],
    ['ALLOWED_HOSTS', 'a b'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['TRUSTED_PROXIES', '*'],
    ['WORKERS', '0'],
    ['WORKERS', '65'],
    ['WORKERS', '1.5'],
    ['WORKERS', 'two'],
    ['SEED', 'Demo'],
    ['PAGE_SIZE_DEFAULT', '0'],
    ['PAGE_SIZE_DEFAULT', '1001'],
    ['REST_PAGE_SIZE_DEFAULT', '0'],
    ['REST_PAGE_SIZE_DEFAULT', '1001'],
    ['PAGE_SIZE_MAX', '10001'],
    ['ANSWER_EDITIONS', 'swagger'],
    ['COUNT_MAX', '0'],
    ['BODY_MAX_BYTES', '1MiB'],
    ['DATABASE_POOL_SIZE', '0'],
    ['READ_STATEMENT_MAX_MS', '99'],
    ['REPORT_STATEMENT_MAX_MS', '30s'],
    ['SHUTDOWN_DELAY_SECONDS', '301'],
    ['LOG_LEVEL', 'verbose'],
    ['INTROSPECTION', 'true'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://a.example/path'],
    ['OPERATOR_TIME_ZONE', 'Europe/Atlantis'],
    ['OPERATOR_TIME_ZONE', '+01:00'],
    ['OPERATOR_TIME_ZONE', 'local'],
    ['BILL_ISSUER', 'x'.repeat(101)],
    ['BACKGROUND_JOBS', 'no'],
    ['NATS_STREAM', 'a.b'],
    ['BROKER_SUBJECT_PREFIX', 'tmf.*'],
    ['RABBITMQ_EXCHANGE', 'x'.repeat(128)],
    ['IDEMPOTENCY_KEY_DAYS', '0'],
    ['OUTBOX_RETENTION_DAYS', '0'],
    ['PAYMENT_WAIT_SECONDS', '0'],
    ['AUTH', 'on'],
    ['AUTH_ISSUER', 'http://issuer.example'],
    ['AUTH_ISSUER', 'https://issuer.example?x=1'],
    ['AUTH_ALGORITHMS', 'none'],
    ['AUTH_ALGORITHMS', 'HS256'],
    ['AUTH_CLAIM_ROLES', 'a..b'],
    ['AUTH_MACHINES', 'gty'],
    ['QUOTA_TENANT', '10/h'],
    ['QUOTA_TENANT', '0/s'],
    ['QUOTA_TENANT', '10/s,20/s'],
  ])('refuses %s=%s, naming both on one line', (name, value) => {
    const read = (): unknown => readConfig({ [name]: value }, 'sandbox');
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(new RegExp(`^cannot use ${name} '${value.replaceAll(/[*?.+]/g, '\\$&')}': .+$`));
  });

  test('refuses to serve without a database', () => {
    expect(() => readConfig({}, 'serve')).toThrow('DATABASE_URL is not set; serve needs a PostgreSQL database');
  });

  test('refuses to serve when nobody says what clients call it', () => {
    expect(() => readConfig({ DATABASE_URL: databaseUrl }, 'serve')).toThrow(
      new ConfigError('neither PUBLIC_URL nor ALLOWED_HOSTS is set; serve needs to know what clients call it'),
    );
    expect(readConfig({ DATABASE_URL: databaseUrl, PUBLIC_URL: 'https://api.example' }, 'serve').publicUrl).toBe(
      'https://api.example',
    );
  });

  test('refuses tokens that nobody says are meant for it', () => {
    for (const env of [
      { AUTH_ISSUER: 'https://issuer.example' },
      { AUTH_JWKS_FILE: 'keys.json' },
    ] as NodeJS.ProcessEnv[]) {
      expect(() => readConfig({ AUTH: 'required', ...env }, 'sandbox')).toThrow('AUTH_AUDIENCE is not set');
      expect(readConfig({ AUTH: 'required', AUTH_AUDIENCE: 'tmf', ...env }, 'sandbox').auth).toBe('required');
    }
    // API keys need no issuer.
    expect(readConfig({ AUTH: 'required' }, 'sandbox').authIssuer).toBeUndefined();
  });

  test('refuses several workers on the embedded database, whatever the mode', () => {
    expect(() => readConfig({ WORKERS: '2' }, 'sandbox')).toThrow(
      new ConfigError(
        "cannot use WORKERS '2': the embedded database belongs to one process; several need DATABASE_URL",
      ),
    );
    expect(readConfig({ WORKERS: '1' }, 'sandbox').workers).toBe(1);
    expect(readConfig({ WORKERS: '64', DATABASE_URL: databaseUrl }, 'sandbox').workers).toBe(64);
  });

  test.each(['demo', 'kit'])('refuses SEED=%s in serve mode', (SEED) => {
    expect(() => readConfig({ DATABASE_URL: databaseUrl, SEED, ALLOWED_HOSTS: 'api.example' }, 'serve')).toThrow(
      `cannot use SEED '${SEED}'`,
    );
  });

  test.each([
    ['DATABASE_URL', 'mysql://root:secret@db/app', "'mysql://…'"],
    ['DATABASE_URL', 'root:secret', "'…'"],
    ['NATS_URL', 'http://me:secret@nats', "'http://…'"],
    ['RABBITMQ_URL', 'amqp:/me:secret@rabbit', "'…'"],
    ['METRICS_TOKEN', 'a secret with spaces', "'…'"],
    ['DATABASE_URL', 'postgres://', "'postgres://…'"],
    ['PUBLIC_URL', 'https://me:sec@ret@example.org', "'https://***@example.org'"],
    ['CORS_ORIGINS', 'https://me:secret@a.example', "'https://***@a.example'"],
    ['PORT', '4\n000', "'4 000'"],
  ])('tells no password and no second line of %s=%j', (name, value, shown) => {
    expect(() => readConfig({ [name]: value }, 'sandbox')).toThrow(new RegExp(`^cannot use ${name} .*$`));
    expect(() => readConfig({ [name]: value }, 'sandbox')).toThrow(shown);
    expect(() => readConfig({ [name]: value }, 'sandbox')).not.toThrow('sec');
  });
});
