import { integer, listOf } from './setting-values.js';
import type { Setting } from './settings.js';

/** What is told before it happens (docs/events.md). */
export const alertSettings = {
  EXPIRING_DAYS: {
    key: 'expiringDays',
    default: '7,1',
    schema: listOf(integer(1, 365)),
    meaning:
      'days before its end on which a validity is told to expire, where something remains, separated by commas; empty: none',
  },
} as const satisfies Readonly<Record<string, Setting>>;
