import type { Idempotency } from '../../../platform/write/idempotency.js';
import type { Command, Located } from './located.js';

/** What a request needs for itself while it runs. */
export interface Claims {
  /** The ids of its buckets. */
  readonly buckets: readonly string[];
  /** Its idempotency key, and the actions that it names. */
  readonly others: readonly string[];
}

/** The claims of a request whose commands are located. */
export function claimsOf(
  tenantId: string,
  { commands, idempotency }: { readonly commands: readonly Command[]; readonly idempotency?: Idempotency },
  locatedOf: (command: Command) => Located | undefined,
): Claims {
  const actions = commands.flatMap((command) => ('actionId' in command ? [`action ${command.actionId}`] : []));
  return {
    buckets: commands.flatMap((command) => locatedOf(command)?.bucketIds ?? []),
    others: idempotency ? [...actions, `key ${tenantId} ${idempotency.key}`] : actions,
  };
}

/** Whether the claims are on anything of this. */
export function touches({ buckets, others }: Claims, claimed: ReadonlySet<string>): boolean {
  return buckets.some((id) => claimed.has(id)) || others.some((name) => claimed.has(name));
}

export function addClaims(claimed: Set<string>, { buckets, others }: Claims): void {
  for (const id of buckets) claimed.add(id);
  for (const name of others) claimed.add(name);
}
