import { settings, type Config, type Mode, type Setting, type SettingName } from './settings.js';
import { isLoopback } from './loopback.js';
import { StartError } from './start-error.js';

export { type Config, type Mode } from './settings.js';
export { logLevels, type LogLevel } from './watching-settings.js';

/** A setting has a value that cannot be used. The message is one line and holds no password. */
export class ConfigError extends StartError {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration from environment variables; an empty one counts as not set.
 * @throws ConfigError when a value cannot be used, alone or beside another
 */
export function readConfig(env: NodeJS.ProcessEnv, mode: Mode): Config {
  const values = Object.entries<Setting>(settings).map(([name, setting]) => {
    const text = env[name]?.trim() || defaultOf(setting, mode);
    return [setting.key, text === undefined ? undefined : parse(name as SettingName, setting, text)];
  });
  const config = { mode, ...Object.fromEntries(values) } as Config;
  checkServing(config);
  checkAuthentication(config);
  checkDatabase(config);
  fitPages(config, env);
  fitAnswers(config, env);
  config.isAuditKept ??= config.auth === 'required';
  return config;
}

function defaultOf(setting: Setting, mode: Mode): string | undefined {
  return typeof setting.default === 'object' ? setting.default[mode] : setting.default;
}

function parse(name: SettingName, { schema, shown = withoutPassword }: Setting, text: string): unknown {
  const parsed = schema.safeParse(text, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { message, input, path } = parsed.error.issues[0]!;
  // Of a list the item that is wrong.
  return refuse(name, shown(path.length > 0 ? String(input) : text), message);
}

function checkServing({ mode, databaseUrl, publicUrl, allowedHosts, seed }: Config): void {
  if (mode !== 'serve') return;
  if (databaseUrl === undefined) throw new ConfigError('DATABASE_URL is not set; serve needs a PostgreSQL database');
  if (publicUrl === undefined && allowedHosts.length === 0)
    throw new ConfigError('neither PUBLIC_URL nor ALLOWED_HOSTS is set; serve needs to know what clients call it');
  if (seed !== 'none') refuse('SEED', seed, 'such data is only written in sandbox mode');
}

function checkAuthentication({
  auth,
  host,
  isOpenBeyondLoopback,
  authIssuer,
  authJwksFile,
  authAudience,
}: Config): void {
  if (auth === 'off') {
    if (isLoopback(host) || isOpenBeyondLoopback) return;
    refuse(
      'HOST',
      host,
      'other machines reach it, and AUTH=off lets everybody in; set AUTH=required, or AUTH_OFF_BEYOND_LOOPBACK=on',
    );
  }
  if ((authIssuer ?? authJwksFile) !== undefined && authAudience.length === 0)
    throw new ConfigError(
      'AUTH_AUDIENCE is not set; without it a token that was made for another service would be taken',
    );
}

function checkDatabase({
  workers,
  databaseUrl,
  databaseReplicaUrl,
  isRowLevelSecurityOn,
  isDatabasePooled,
}: Config): void {
  if (databaseUrl !== undefined) return;
  if (databaseReplicaUrl !== undefined)
    throw new ConfigError(
      'cannot use DATABASE_REPLICA_URL: the embedded database has no replicas; it needs DATABASE_URL',
    );
  if (isDatabasePooled)
    refuse('DATABASE_POOLER', 'on', 'the embedded database is in this process; it needs DATABASE_URL');
  if (isRowLevelSecurityOn)
    refuse(
      'ROW_LEVEL_SECURITY',
      'on',
      'the embedded database has one role, which no policy binds; it needs DATABASE_URL',
    );
  if (workers > 1)
    refuse('WORKERS', `${workers}`, 'the embedded database belongs to one process; several need DATABASE_URL');
}

function fitPages(config: Config, env: NodeJS.ProcessEnv): void {
  const { pageSizeDefault, restPageSizeDefault, pageSizeMax } = config;
  const rule = `it is above PAGE_SIZE_MAX, ${pageSizeMax}`;
  if (pageSizeDefault > pageSizeMax) refuse('PAGE_SIZE_DEFAULT', `${pageSizeDefault}`, rule);
  if (restPageSizeDefault <= pageSizeMax) return;
  // Who only makes pages smaller means those of TMF REST as well.
  if (isSet(env, 'REST_PAGE_SIZE_DEFAULT')) refuse('REST_PAGE_SIZE_DEFAULT', `${restPageSizeDefault}`, rule);
  config.restPageSizeDefault = pageSizeMax;
}

function fitAnswers(config: Config, env: NodeJS.ProcessEnv): void {
  const { answerMaxBytes, bodyMaxBytes } = config;
  if (answerMaxBytes >= bodyMaxBytes) return;
  // Who only takes larger bodies means to read them, too.
  if (isSet(env, 'ANSWER_BYTES_MAX')) {
    const rule = `it is below BODY_MAX_BYTES, ${bodyMaxBytes}: what was sent could not be read`;
    refuse('ANSWER_BYTES_MAX', `${answerMaxBytes}`, rule);
  }
  config.answerMaxBytes = bodyMaxBytes;
}

function isSet(env: NodeJS.ProcessEnv, name: SettingName): boolean {
  return Boolean(env[name]?.trim());
}

function refuse(name: SettingName, shown: string, rule: string): never {
  throw new ConfigError(`cannot use ${name} '${shown}': ${rule}`);
}

/** On one line, and without what stands before an @. */
function withoutPassword(value: string): string {
  return value.replaceAll(/\s+/g, ' ').replace(/^([a-z]+:\/\/)?.*@/i, '$1***@');
}
