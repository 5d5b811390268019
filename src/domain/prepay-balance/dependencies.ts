import type { Clock } from '../../platform/clock.js';
import type { ExtensionSchemas } from '../../platform/extension-schemas.js';
import type { IdSource } from '../../platform/ids.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { DueCommand } from './command/commands.js';
import type { BalanceRows } from './model.js';

/** What this domain is given by the application. */
export interface BalanceDependencies {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  /** How buckets and actions are stored. */
  readonly mappings: { readonly [Name in keyof BalanceRows]: ResourceMapping<BalanceRows[Name]> };
  /** IANA zone in which the periods of recurring top-ups of a tenant begin. */
  zoneOf(tenantId: string): string;
  /** How long an action waits for its payment. */
  readonly paymentWaitMs: number;
  /** How many days before the end of its validity a bucket is told to expire. */
  readonly expiringDays: readonly number[];
  /** Called when a due command cannot be applied, which is a bug; the others are applied all the same. */
  readonly reportStuck: (error: unknown, command: DueCommand) => void;
}
