import type { Setting } from './settings.js';
import { integer, onOrOff } from './setting-values.js';

/** What is recorded, and for how long (docs/audit.md). */
export const auditSettings = {
  AUDIT: {
    key: 'isAuditKept',
    default: undefined,
    schema: onOrOff,
    meaning:
      'on records every write, every refusal of one, and what people read of others; not set: on where AUTH is required',
  },
  AUDIT_DAYS: {
    key: 'auditDays',
    default: '400',
    schema: integer(1, 36_500),
    unit: 'days',
    meaning: 'how long these records are kept: a month of them is dropped when all of it is older',
  },
} as const satisfies Readonly<Record<string, Setting>>;
