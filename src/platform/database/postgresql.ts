import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { PrismaClient, type Prisma } from '../../../prisma/generated/client.js';
import { Address, DatabaseOpenError } from './connecting.js';
import {
  prismaTransaction,
  type Database,
  type DedicatedConnection,
  type DedicatedOptions,
  type ReadOptions,
  type StatementOptions,
} from './database.js';
import { engineTransaction } from './engine-transaction.js';
import { distributedTables } from './distribution.js';
import { withLock } from './exclusively.js';
import { readFunctions } from './inline-functions.js';
import { withInlineFunctions } from './inlined-database.js';
import { partition, Partition, processOf } from './partitions.js';
import { cancelByProtocol } from './pooled-client.js';
import { Replica, type ReplicaOptions } from './replica.js';
import { byKeys, connectionLifetimeS, settingsOf } from './session-settings.js';
import { StatementNames } from './statement-names.js';
import { allTenants, currentTenant, runForAllTenants } from './tenant-scope.js';
import { classOf, defaultReadTimes, timesOf, type ReadTimes, type WorkClass } from './work-class.js';

/** How long what runs may go on when the database is closed. */
const CLOSE_MAX_MS = 2_000;

export interface PostgresqlOptions {
  /** Connections in all, shared out among the classes of work; migrations and long downloads take further ones. */
  poolSize: number;
  /** How long reads and reports may take. */
  readTimes?: ReadTimes;
  /** Whether statements see only rows of the tenant whose request they are for (ROW_LEVEL_SECURITY). */
  isolatesTenants?: boolean;
  /** Whether a pooler in transaction mode stands between (DATABASE_POOLER). */
  isPooled?: boolean;
  /** Whether statements are prepared under names (STATEMENT_NAMES). */
  areStatementsNamed?: boolean;
  /** Where reads may run as well (DATABASE_REPLICA_URL). */
  replica?: ReplicaOptions | undefined;
}

/** Opens a PostgreSQL server. Throws DatabaseOpenError when it cannot be used. */
export async function openPostgresql(
  url: string,
  {
    poolSize,
    readTimes = defaultReadTimes,
    isolatesTenants = false,
    isPooled = false,
    areStatementsNamed = true,
    replica: replicaOptions,
  }: PostgresqlOptions,
): Promise<Database> {
  const address = new Address(url, isPooled);
  await address.check();
  // What lies on nodes, and the functions that cannot run there.
  const [distributed, functions] = await address.connect({}, async (connection) => {
    const tables = await distributedTables(connection);
    return [tables, tables.size > 0 ? await readFunctions(connection) : undefined] as const;
  });
  if (functions !== undefined && replicaOptions !== undefined)
    throw new DatabaseOpenError(
      'cannot use DATABASE_REPLICA_URL: tables are distributed, and a replica of the coordinator does not tell how far those of the nodes are',
    );
  const sizes = partition(poolSize);
  const times = timesOf(readTimes);
  const open = (workClass: WorkClass): Partition =>
    new Partition(
      {
        ...address.configWith({ ...settingsOf(times[workClass]), ...(workClass === 'engine' && byKeys) }),
        connectionTimeoutMillis: times[workClass].waitMs,
        max: sizes[workClass],
        // A transaction of the engine sends what needs no answer of what came before.
        pipeline: workClass === 'engine',
        maxLifetimeSeconds: connectionLifetimeS,
      },
      times[workClass],
      isolatesTenants,
    );
  const partitions: Readonly<Record<WorkClass, Partition>> = {
    engine: open('engine'),
    write: open('write'),
    read: open('read'),
    report: open('report'),
    job: open('job'),
    control: open('control'),
  };
  const clients = new Map<WorkClass, PrismaClient>();
  const clientOf = (workClass: WorkClass): PrismaClient => {
    const client = clients.get(workClass) ?? new PrismaClient({ adapter: new PrismaPg(partitions[workClass]) });
    clients.set(workClass, client);
    return client;
  };
  const cancel = (connection: pg.PoolClient): Promise<unknown> =>
    isPooled
      ? cancelByProtocol(address.configWith({}), connection)
      : runForAllTenants(() => partitions.control.query('SELECT pg_cancel_backend($1::int)', [processOf(connection)]));
  const namesFor = (prefix: string): StatementNames =>
    new StatementNames(connectionLifetimeS * 1_000, prefix, areStatementsNamed);
  const names = namesFor('read');
  const engineNames = namesFor('engine');
  const replica =
    replicaOptions &&
    new Replica(replicaOptions, { isPooled, isolatesTenants, sizes, times }, async <T>(sql: string) => {
      const { rows } = await partitions.control.query(sql);
      return rows as T[];
    });
  const dedicated = <T>(
    work: (connection: DedicatedConnection) => Promise<T>,
    { replicaAt }: DedicatedOptions = {},
  ): Promise<T> => {
    const tenantId = isolatesTenants ? currentTenant() : allTenants;
    const onPrimary = (): Promise<T> => address.connect({ statement_timeout: 0 }, work, tenantId);
    return replica && replicaAt !== undefined ? replica.dedicated(replicaAt, tenantId, work, onPrimary) : onPrimary();
  };
  const database: Database = {
    kind: 'postgresql',
    client: clientOf('write'),
    replica,
    engine: {
      connections: sizes.engine,
      query: async <T>({ text, values }: Prisma.Sql, { isPlanKept }: StatementOptions = { isPlanKept: true }) => {
        const name = isPlanKept ? engineNames.of(text) : undefined;
        return (await partitions.engine.query({ name, text, values })).rows as T[];
      },
      transaction: (work) => engineTransaction(partitions.engine, engineNames, work),
    },
    query: (sql) => clientOf(classOf('read')).$queryRaw(sql),
    read: async <T>({ text, values }: Prisma.Sql, options: ReadOptions) => {
      const { isPlanKept, workClass, signal, maxMs, onBegin, replicaAt } = options;
      const statement = { name: isPlanKept ? names.of(text) : undefined, text, values };
      const onPrimary = async (): Promise<T[]> => {
        const place = partitions[workClass ?? classOf('read')];
        if (signal !== undefined || maxMs !== undefined)
          return place.queryBounded<T>(statement, { signal, maxMs, onBegin }, cancel);
        return (await place.query(statement)).rows as T[];
      };
      return replica && replicaAt !== undefined ? replica.read(statement, options, onPrimary) : onPrimary();
    },
    transaction: (work, { timeoutMs, workClass = classOf('write') } = {}) =>
      partitions[workClass].withDeadline(
        (limits) => prismaTransaction(clientOf(workClass), work, { timeoutMs, ...limits }),
        timeoutMs,
      ),
    statement: async <T>(sql: string, values: readonly unknown[] = []) =>
      (await partitions[classOf('write')].query(sql, [...values])).rows as T[],
    // The pool throws a connection away whose query failed, and with it the transaction that is still open.
    script: async (sql) => {
      await partitions[classOf('write')].query(`BEGIN; ${sql}; COMMIT`);
    },
    dedicated,
    exclusively: (key, work) => dedicated((connection) => withLock(connection, key, () => work(connection))),
    connections: () =>
      Object.fromEntries(
        Object.entries(partitions).map(([workClass, { totalCount, idleCount, waitingCount }]) => [
          workClass,
          { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount },
        ]),
      ),
    ping: async () => {
      await runForAllTenants(() => partitions.control.query('SELECT 1'));
    },
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.$disconnect()));
      await Promise.all(
        [...Object.values(partitions), ...(replica ? [replica] : [])].map((one) => one.close(CLOSE_MAX_MS)),
      );
    },
  };
  return functions === undefined ? database : withInlineFunctions(database, functions, distributed);
}
