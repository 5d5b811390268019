import type { Database } from '../../../platform/database/database.js';
import { migrationsFolder, readMigrations, readSchemaState } from '../../../platform/database/migrations.js';
import { StartError } from '../../../platform/start-error.js';
import { readTenants, type KnownTenant } from '../../../domain/tenancy/index.js';
import { readOptions, runCommands, WrongUse } from '../administration/command.js';
import { counted, withProgress } from '../progress.js';
import { databaseConfig, longReads, openDatabase } from '../administration/open.js';
import { kinds, rowsOf } from './kinds.js';
import {
  ArchiveError,
  batchesOf,
  findManifest,
  kindNames,
  readManifest,
  verifyFiles,
  type KindName,
  type Manifest,
} from './manifest.js';
import { writeArchive, type Part } from './write.js';

export const help = `tmf-balance-server archive --before <time> --to <folder> [options]
  Writes what is finished in the database that DATABASE_URL or DATA_DIR names to files: usages that are billed or rejected, balance
  actions that have ended, and entries of the ledger, from before a time. A server may run meanwhile on PostgreSQL.
  --before <time>   e.g. 2026-01-01T00:00:00Z
  --to <folder>     that is not there yet; it appears when everything is in it. Of an archive that is there, with --delete, goes on deleting
  --tenant <handle> only of this tenant
  --gzip            packs the files
  --delete          then deletes the usages and actions that are in it, as far as they have not changed; entries stay
tmf-balance-server archive verify <folder>    holds every file against the manifest
tmf-balance-server archive read <folder>      prints the rows as NDJSON
  --kind <kind>     ${kindNames.join(', ')}
  --tenant <handle>, --month <yyyy-mm>   only those, of a tenant as it was called then
tmf-balance-server archive restore <folder>   puts back what is missing; refused when something that is there differs
  --help            this text
Examples:
  tmf-balance-server archive --before 2026-01-01T00:00:00Z --to archive-2025 --gzip
  tmf-balance-server archive read archive-2025 --kind usage --month 2025-12
Exit code: 0 done, 1 refused, 2 wrong use.
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs the command with these arguments and returns its exit code. */
export function runArchive(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const isNamed = given[0] !== undefined && (!given[0].startsWith('--') || given[0] === '--help');
  return runCommands(isNamed ? given : ['write', ...given], help, {
    write: async (others) => {
      const { values } = readOptions(others, { before: text, to: text, tenant: text, gzip: flag, delete: flag }, 0);
      const { to, tenant } = values;
      if (to === undefined) throw new WrongUse('--to is needed');
      const before = new Date(values.before ?? '');
      if (Number.isNaN(before.getTime())) throw new WrongUse(`--before '${values.before ?? ''}' is no time`);
      if (before.getTime() > Date.now()) throw new WrongUse('--before is yet to come');
      await withDatabase(env, (database) =>
        write(database, {
          folder: to,
          before,
          tenant,
          isPacked: values.gzip === true,
          isDeleting: values.delete === true,
        }),
      );
    },
    verify: async (others) => {
      const { id: folder } = readOptions(others, {}, 1);
      const manifest = await readManifest(folder);
      await verifyFiles(folder, manifest);
      for (const line of summary(manifest)) say(line);
    },
    read: async (others) => {
      const { values, id: folder } = readOptions(others, { kind: text, tenant: text, month: text }, 1);
      const kind = kindNames.find((name) => name === values.kind);
      if (kind === undefined) throw new WrongUse(`--kind is one of ${kindNames.join(', ')}`);
      const manifest = await readManifest(folder);
      await verifyFiles(folder, manifest);
      const isWanted = (file: Manifest['files'][number]): boolean =>
        file.kind === kind &&
        file.tenant === (values.tenant ?? file.tenant) &&
        file.month === (values.month ?? file.month);
      for (const file of manifest.files.filter(isWanted))
        for await (const lines of batchesOf(folder, file)) say(lines.join('\n'));
    },
    restore: async (others) => {
      const { id: folder } = readOptions(others, {}, 1);
      await withProgress('restoring', () => withDatabase(env, (database) => restore(database, folder)));
    },
  });
}

interface Wanted {
  readonly folder: string;
  readonly before: Date;
  readonly tenant: string | undefined;
  readonly isPacked: boolean;
  readonly isDeleting: boolean;
}

async function write(database: Database, { folder, before, tenant, isPacked, isDeleting }: Wanted): Promise<void> {
  const all = await readTenants(database);
  const only = all.find(({ handle }) => handle === tenant);
  if (tenant !== undefined && only === undefined) throw new StartError(`there is no tenant '${tenant}'`);
  const head = { before: before.toISOString(), tenantId: only?.id ?? null };
  let manifest = isDeleting ? await findManifest(folder) : undefined;
  if (manifest === undefined) {
    const migrations = await readMigrations(migrationsFolder());
    const whole = { ...head, schemaVersion: migrations.at(-1)?.name ?? '', madeAt: new Date().toISOString() };
    const parts = partsOf(database, only === undefined ? all : [only], before);
    let far = 'nothing yet';
    const progress = (kind: KindName, rows: number): void => void (far = `${kind}: ${counted(rows)} rows`);
    manifest = await withProgress(
      () => far,
      () => writeArchive(folder, whole, parts, { isPacked, progress }),
    );
    for (const line of summary(manifest)) say(line);
  } else if (manifest.before !== head.before || manifest.tenantId !== head.tenantId) {
    const { tenantId } = manifest;
    const whose = tenantId === null ? 'all tenants' : (all.find(({ id }) => id === tenantId)?.handle ?? tenantId);
    throw new ArchiveError(`the archive in '${folder}' is one from before ${manifest.before}, of ${whose}`);
  }
  const written = manifest;
  if (isDeleting) await withProgress('deleting what is archived', () => remove(database, folder, written));
}

async function* partsOf(database: Database, tenants: readonly KnownTenant[], before: Date): AsyncGenerator<Part> {
  for (const { id: tenantId, handle: tenant } of tenants)
    for (const kind of kindNames) yield { tenantId, tenant, kind, rows: rowsOf(database, kind, tenantId, before) };
}

/** Deletes what is in an archive that is whole, some rows at a time. */
async function remove(database: Database, folder: string, manifest: Manifest): Promise<void> {
  await verifyFiles(folder, manifest);
  const counts = new Map<KindName, number>();
  const log = { warn: (_details: object, message: string): void => void process.stderr.write(`${message}\n`) };
  for (const kind of kindNames) {
    const batches = linesOf(folder, manifest, kind);
    const dropped = await kinds[kind].drop?.(database, { before: new Date(manifest.before), batches }, log);
    if (dropped) counts.set(kind, dropped);
  }
  for (const file of manifest.files) {
    const { remove: removeRows } = kinds[file.kind];
    if (removeRows === undefined) continue;
    for await (const lines of batchesOf(folder, file)) {
      const deleted = await database.transaction((tx) => removeRows(tx, file.tenantId, lines), { workClass: 'job' });
      counts.set(file.kind, (counts.get(file.kind) ?? 0) + deleted);
    }
  }
  for (const [kind, count] of counts) say(`deleted ${kind}: ${count}`);
}

async function* linesOf(folder: string, { files }: Manifest, kind: KindName): AsyncGenerator<string[]> {
  for (const file of files) if (file.kind === kind) yield* batchesOf(folder, file);
}

async function restore(database: Database, folder: string): Promise<void> {
  const manifest = await readManifest(folder);
  const known = (await readMigrations(migrationsFolder())).map(({ name }) => name);
  if (!known.includes(manifest.schemaVersion))
    throw new ArchiveError(`the archive is of a later version: this one does not know ${manifest.schemaVersion}`);
  await verifyFiles(folder, manifest);
  for (const file of manifest.files)
    for await (const lines of batchesOf(folder, file))
      await database.transaction(async (tx) => {
        const [first] = await kinds[file.kind].putBack(tx, lines);
        if (first !== undefined) throw new ArchiveError(`${file.kind} ${first} differs from the archive`);
      });
  for (const line of summary(manifest)) say(line);
}

/** Rows and sums of each kind of a tenant. */
function summary({ files }: Manifest): string[] {
  const groups = new Map<string, number>();
  for (const { tenant, kind, rows } of files) {
    const name = `${tenant} ${kind}`;
    groups.set(name, (groups.get(name) ?? 0) + rows);
  }
  return groups.size === 0 ? ['nothing'] : [...groups].map(([name, rows]) => `${name}: ${rows}`);
}

async function withDatabase(env: NodeJS.ProcessEnv, work: (database: Database) => Promise<void>): Promise<void> {
  const database = await openDatabase(databaseConfig(env), longReads);
  try {
    const { pending, problem } = await readSchemaState(database);
    if (problem !== undefined || pending.length > 0)
      throw new StartError(problem ?? 'the database is not up to date: migrate it first');
    await work(database);
  } finally {
    await database.close();
  }
}
