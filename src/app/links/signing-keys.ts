import { createHash, hkdfSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigError, type Config } from '../../platform/config.js';
import type { Database } from '../../platform/database/database.js';
import { ownSecret } from '../../platform/own-secret.js';
import { signingKeys } from '../../platform/setting-values.js';

/** A key, and what links made by it name it by. */
export interface SigningKey {
  readonly kid: string;
  readonly key: Uint8Array;
}

/** The keys that signed links are made and read by; links are made by the first. Throws ConfigError. */
export async function readSigningKeys(
  { signingKey, signingKeyFile }: Pick<Config, 'signingKey' | 'signingKeyFile'>,
  database: Database,
): Promise<readonly SigningKey[]> {
  const secrets = signingKeyFile === undefined ? signingKey : await secretsIn(signingKeyFile);
  return (secrets ?? [await ownSecret(database, 'signing key')]).map(toKey);
}

async function secretsIn(path: string): Promise<string[]> {
  try {
    const read = signingKeys.safeParse(await readFile(path, 'utf8'));
    if (!read.success) throw new Error(read.error.issues[0]?.message);
    return read.data;
  } catch (error) {
    throw new ConfigError(`cannot use SIGNING_KEY_FILE '${path}': ${(error as Error).message}`);
  }
}

/** Secrets are texts of any form; keys have 256 bits, of this purpose only. */
function toKey(secret: string): SigningKey {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'signed links', 32));
  return { key, kid: createHash('sha256').update(key).digest('base64url').slice(0, 8) };
}
