// The words of TMF652 beside the states of transitions.ts.

/** What an item asks to do with its resource. */
export const itemActions: readonly string[] = ['add', 'modify', 'delete', 'noChange'];

/** By the attributes of a resource. */
export const resourceWords = {
  administrativeState: ['locked', 'unlocked', 'shutdown'],
  operationalState: ['enable', 'disable'],
  resourceStatus: ['standby', 'alarm', 'available', 'reserved', 'unknown', 'suspended'],
  usageState: ['idle', 'active', 'busy'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
