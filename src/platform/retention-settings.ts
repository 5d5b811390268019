import type { Setting } from './settings.js';
import { integer } from './setting-values.js';

const YEARS_10 = 3_650;

/** How long what grows with time is kept (docs/operations.md). */
export const retentionSettings = {
  IDEMPOTENCY_KEY_DAYS: {
    key: 'idempotencyKeyDays',
    default: '30',
    schema: integer(1, YEARS_10),
    unit: 'days',
    meaning: 'how long the answer to a request is kept under its idempotency key',
  },
  OUTBOX_RETENTION_DAYS: {
    key: 'outboxRetentionDays',
    default: '90',
    schema: integer(1, 36_500),
    unit: 'days',
    meaning:
      'how long events are kept: a week of them is dropped when all of it is older; not before CALLBACK_RETRY_SECONDS, and up to twice as long where somebody is still to be told',
  },
  DEAD_LETTER_DAYS: {
    key: 'deadLetterDays',
    default: '90',
    schema: integer(1, YEARS_10),
    unit: 'days',
    meaning: 'how long events that could not be delivered can be sent again, since they were last tried',
  },
  TASK_DAYS: {
    key: 'taskDays',
    default: '90',
    schema: integer(1, YEARS_10),
    unit: 'days',
    meaning:
      'how long tasks are kept after their end: imports with the lines they refused, exports, requests for bills on demand; those that never began, since they were made',
  },
  PREVIEW_DAYS: {
    key: 'previewDays',
    default: '1',
    schema: integer(1, YEARS_10),
    unit: 'days',
    meaning: 'how long the bills that a dry run would have made can be looked at',
  },
  DEAD_JOB_DAYS: {
    key: 'deadJobDays',
    default: '30',
    schema: integer(1, YEARS_10),
    unit: 'days',
    meaning: 'how long background jobs that failed for good are kept to be looked at',
  },
} as const satisfies Readonly<Record<string, Setting>>;
