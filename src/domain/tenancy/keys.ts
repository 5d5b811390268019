import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { toJsonObject, withoutNulls } from '../../platform/json-object.js';
import type { Principal } from '../../platform/principal.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { Answer } from '../../platform/write/command.js';
import type { Change, WriteContext } from '../changes.js';
import { invalid, isGiven, missing, requireName, toGiven } from '../input.js';
import { ResourceWriter } from '../resource-writer.js';
import type { KeyDirectory } from './key-directory.js';
import { hashOfKey, newKeyText } from './key-text.js';
import { countKeys, listKeys, type ListedKey } from './keys.store.js';
import type { ApiKeyRow, TenancyDependencies, KeyLists } from './model.js';

/** Keys of a tenant that are not revoked. */
export const API_KEYS_MAX = 10_000;
/** Roles of a key, and ids that are its own, in each list. */
const listLengthMax = 1_000;

const lists = ['roles', 'parties', 'accounts', 'logicalResources'] as const;

/** The attributes of a key that clients give. */
export interface ApiKeyInput extends Partial<Record<(typeof lists)[number], string[] | null>> {
  name?: string | null;
  expiresAt?: Date | null;
}

/** API keys: made and revoked; nothing else of them changes. */
export class ApiKeys extends ResourceWriter<'apiKey', ApiKeyRow, ApiKeyInput> {
  /** As the rows are stored: with the hash, which nobody reads. */
  private readonly stored: ResourceMapping<ApiKeyRow & { hash: string }>;

  constructor(
    database: Database,
    private readonly keyDependencies: TenancyDependencies,
    private readonly directory: KeyDirectory,
  ) {
    const mapping = keyDependencies.mappings.apiKey;
    super(database, keyDependencies, {
      resource: 'apiKey',
      mapping,
      fromInput: (input) => toGiven<ApiKeyRow>(input),
      complete: () => {
        throw new Error('a key is made by createKey');
      },
    });
    const hash = { type: { kind: 'scalar', type: 'string' }, storage: { kind: 'column', column: 'hash' } } as const;
    this.stored = { ...(mapping as ResourceMapping), attributes: { ...mapping.attributes, hash } };
  }

  /** The keys of a tenant, the newest first. */
  list(tenantId: string): Promise<ListedKey[]> {
    return listKeys(this.database, tenantId);
  }

  /**
   * Makes a key. A repeated answer, under the same idempotency key, does not have its text any more. With `giver`, who
   * makes it, it may do no more than that: throws FORBIDDEN.
   */
  async createKey(
    context: WriteContext,
    input: ApiKeyInput,
    giver?: Principal,
  ): Promise<Answer<ApiKeyRow> & { key: string | null }> {
    const { nextId, mappings, clock } = this.keyDependencies;
    check(input, clock.now());
    const given = Object.fromEntries(lists.map((list) => [list, input[list] ?? []])) as unknown as KeyLists;
    const excess = giver && this.keyDependencies.findExcess(giver, given);
    if (excess !== undefined) throw new DomainError('FORBIDDEN', `a key may do no more than who makes it: ${excess}`);
    const key = newKeyText();
    const done = await this.run(
      context,
      'createApiKey',
      withoutNulls(toJsonObject(input)),
      async ({ tx, tenantId, now }, changes) => {
        const count = await countKeys(tx, tenantId);
        if (count >= API_KEYS_MAX)
          throw new DomainError(
            'CONFLICT',
            `there are ${count} keys that are not revoked: the limit API_KEYS_MAX is ${API_KEYS_MAX}`,
          );
        const at = now.toISOString();
        const row: ApiKeyRow = {
          ...toGiven<ApiKeyRow, 'name'>(input),
          ...(Object.fromEntries(lists.map((list) => [list, input[list] ?? []])) as Pick<
            ApiKeyRow,
            (typeof lists)[number]
          >),
          id: nextId(now),
          revision: 1,
          createdAt: at,
          updatedAt: at,
          ...(context.principalId !== undefined && { createdBy: context.principalId }),
        };
        changes.insert(this.stored, [{ ...row, hash: hashOfKey(key) }]);
        changes.emit(mappings.apiKey, 'Create', row);
        return { answer: row };
      },
    );
    return { ...done, key: done.replayed ? null : key };
  }

  /** From now on requests with the key are refused. A key that is revoked already stays as it is. Throws NOT_FOUND. */
  async revoke(context: WriteContext, which: Omit<Change, 'input'>): Promise<Answer<ApiKeyRow>> {
    const done = await this.change(context, 'revokeApiKey', which, {}, ({ revokedAt }) =>
      isGiven(revokedAt) ? {} : { revokedAt: this.keyDependencies.clock.now().toISOString() },
    );
    this.directory.forget(context.tenantId, which.id);
    return done;
  }
}

function check(input: ApiKeyInput, now: Date): void {
  if (!isGiven(input.name)) throw missing('name', 'a key has one');
  requireName('name', input.name);
  if (isGiven(input.expiresAt) && input.expiresAt <= now) throw invalid('expiresAt', 'must be in the future');
  for (const list of lists) {
    const values = input[list] ?? [];
    if (values.length > listLengthMax) throw invalid(list, `must have at most ${listLengthMax} elements`);
    for (const [index, value] of values.entries()) requireName(`${list}.${index}`, value);
  }
}
