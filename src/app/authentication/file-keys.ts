import { readFile, stat } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { ConfigError } from '../../platform/config.js';

/** How often the file is looked at, when tokens come. */
const lookEveryMs = 1_000;

/** The public keys of an issuer in a file, which is read again when it has changed. */
export class FileKeys {
  private lookedAt = performance.now();
  private looking: Promise<void> | undefined;

  private constructor(
    private readonly path: string,
    private version: string,
    private keys: ReturnType<typeof createLocalJWKSet>,
    private readonly logger: Logger,
  ) {}

  /** Throws ConfigError when the file is no set of public keys. */
  static async read(path: string, logger: Logger): Promise<FileKeys> {
    try {
      return new FileKeys(path, await versionOf(path), await readKeys(path), logger);
    } catch (error) {
      throw new ConfigError(`cannot use AUTH_JWKS_FILE '${path}': ${(error as Error).message}`);
    }
  }

  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    if (performance.now() - this.lookedAt > lookEveryMs) await (this.looking ??= this.look());
    return this.keys(header, token);
  };

  /** A file that cannot be read any more leaves the keys as they were. */
  private async look(): Promise<void> {
    try {
      const version = await versionOf(this.path);
      if (version === this.version) return;
      this.keys = await readKeys(this.path);
      this.version = version;
      this.logger.info({ path: this.path }, 'keys of tokens read again');
    } catch (error) {
      this.logger.error({ err: error, path: this.path }, 'keys of tokens cannot be read again');
    } finally {
      this.lookedAt = performance.now();
      this.looking = undefined;
    }
  }
}

async function versionOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs} ${size} ${ino}`;
}

async function readKeys(path: string): Promise<ReturnType<typeof createLocalJWKSet>> {
  const set = JSON.parse(await readFile(path, 'utf8')) as JSONWebKeySet;
  const keys = createLocalJWKSet(set);
  if (set.keys.some((key) => 'd' in key || 'k' in key)) throw new Error('it has a key that is not public');
  return keys;
}
