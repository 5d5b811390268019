import type { Clock } from '../../platform/clock.js';
import type { Database } from '../../platform/database/database.js';
import type { ExtensionSchemas } from '../../platform/extension-schemas.js';
import type { IdSource } from '../../platform/ids.js';
import type { Shape } from '../../platform/read/shape.js';
import { BalanceActions } from './actions.js';
import { Buckets } from './buckets.js';
import type { ActionKind } from './commands.js';
import { BalanceEngine } from './engine.js';
import { Settler } from './settler.js';

export type { ActionKind, Amount } from './commands.js';
export type { BalanceActions, Change, WriteContext } from './actions.js';
export type { Buckets } from './buckets.js';

/** The prepay balance domain: what the GraphQL resolvers of TMF654 call. */
export interface PrepayBalance {
  readonly buckets: Buckets;
  readonly actions: BalanceActions;
  /** Does what is due by itself: readers ask for it before they answer, a background job without being asked. */
  readonly settler: Settler;
  /** Resolves when every accepted balance action is answered. */
  drain(): Promise<void>;
  /** How many batches of balance actions were run, by their size: shows what group commit gives. */
  batchSizes(): Record<string, number>;
}

/** What the domain is built with. */
export interface PrepayBalanceOptions {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  readonly shapes: Readonly<Record<ActionKind | 'bucket', Shape>>;
  /** IANA zone in which the periods of recurring top-ups begin. */
  readonly timeZone: string;
  readonly reportStuck: (error: unknown, command: object) => void;
}

export function createPrepayBalance(database: Database, options: PrepayBalanceOptions): PrepayBalance {
  const { clock, nextId, extensions, shapes } = options;
  const settler = new Settler(database, options);
  const engine = new BalanceEngine(database, settler, options);
  return {
    buckets: new Buckets(database, settler, { clock, nextId, extensions, shape: shapes.bucket }),
    actions: new BalanceActions(database, engine, settler, options),
    settler,
    drain: async () => {
      await engine.drain();
      await settler.drain();
    },
    batchSizes: () => engine.batchSizes(),
  };
}
