import type { Filter, OrderKey } from '../filter/tree/filter.js';

/** Which page a client asks for. */
export interface PageRequest {
  readonly filter?: Filter;
  readonly order: readonly OrderKey[];
  readonly offset: number;
  readonly limit: number;
  /** A cursor: only rows behind it. */
  readonly after?: string;
}
