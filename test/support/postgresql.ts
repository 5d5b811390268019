import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Not UTC, so that a connection that forgets to ask for UTC gives wrong times and fails its test. */
const DEFAULT_TIME_ZONE = 'Asia/Kolkata';
/** Not bytewise, as on most servers, so that text which lacks its COLLATE "C" sorts wrongly and fails its test. */
const EMPTY_DATABASE = `template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`;

/** Makes a database on the server of TEST_DATABASE_URL, empty or as a copy, and answers its name. */
export async function createDatabase(template?: string): Promise<string> {
  const name = `tmf_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await administer(`CREATE DATABASE "${name}" TEMPLATE ${template ? `"${template}"` : EMPTY_DATABASE}`);
  // Settings are not copied from the template.
  await administer(`ALTER DATABASE "${name}" SET timezone = '${DEFAULT_TIME_ZONE}'`);
  // Nothing is lost of it but by a crash of the server, which no test causes.
  await administer(`ALTER DATABASE "${name}" SET synchronous_commit = off`);
  return name;
}

/** Not WITH (FORCE), which needs the right to end an autovacuum worker that is in it; a plain DROP needs none. */
export async function dropDatabase(name: string): Promise<void> {
  await administer((client) => endSessions(client, name));
  await administer(`DROP DATABASE "${name}"`);
}

/** Ends all other sessions in a database, as a restart of the server does; those of autovacuum are not ours to end. */
export async function endSessions(client: pg.Client, name = client.database): Promise<void> {
  await client.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = current_user AND pid <> pg_backend_pid()',
    [name],
  );
}

/** Databases whose names begin so. */
export async function databasesNamed(prefix: string): Promise<string[]> {
  const names: string[] = [];
  await administer(async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    );
    names.push(...rows.map(({ datname }) => datname));
  });
  return names;
}

/** Makes a database and gives it its name, unless there is one of that name; whoever asks meanwhile waits. */
export async function onceNamed(name: string, make: () => Promise<string>): Promise<string> {
  await administer(async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    if ((await databasesNamed(name)).length > 0) return;
    await client.query(`ALTER DATABASE "${await make()}" RENAME TO "${name}"`);
  });
  return name;
}

/** Address of a database of that server. */
export function urlOf(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

function serverUrl(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) throw new Error('TEST_DATABASE_URL is not set');
  return url;
}

async function administer(work: string | ((client: pg.Client) => Promise<void>)): Promise<void> {
  const client = new pg.Client(serverUrl());
  await client.connect();
  try {
    await (typeof work === 'string' ? client.query(work) : work(client));
  } finally {
    await client.end();
  }
}
