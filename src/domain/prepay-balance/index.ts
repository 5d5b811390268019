import type { Clock } from '../../platform/clock.js';
import type { Database } from '../../platform/database/database.js';
import type { ExtensionSchemas } from '../../platform/extension-schemas.js';
import type { IdSource } from '../../platform/ids.js';
import type { Shape } from '../../platform/read/shape.js';
import { BalanceActions } from './actions.js';
import { Buckets } from './buckets.js';
import type { ActionKind } from './commands.js';
import { BalanceEngine } from './engine.js';

export type { ActionKind, Amount } from './commands.js';
export type { BalanceActions, Change, WriteContext } from './actions.js';
export type { Buckets } from './buckets.js';

/** The prepay balance domain: what the GraphQL resolvers of TMF654 call. */
export interface PrepayBalance {
  readonly buckets: Buckets;
  readonly actions: BalanceActions;
  /** Resolves when every accepted balance action is answered. */
  drain(): Promise<void>;
}

export function createPrepayBalance(
  database: Database,
  clock: Clock,
  nextId: IdSource,
  extensions: ExtensionSchemas,
  shapes: Readonly<Record<ActionKind | 'bucket', Shape>>,
): PrepayBalance {
  const tools = { clock, nextId, extensions, shapes };
  const engine = new BalanceEngine(database, tools);
  return {
    buckets: new Buckets(database, { clock, nextId, extensions, shape: shapes.bucket }),
    actions: new BalanceActions(database, engine, tools),
    drain: () => engine.drain(),
  };
}
