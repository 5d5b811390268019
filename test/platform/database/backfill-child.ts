import { pino } from 'pino';
import { Backfills } from '../../../src/platform/database/backfills.js';
import { openEmbedded } from '../../../src/platform/database/embedded.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { countOnce } from './count-once.js';

// A process of its own for backfills.test.ts: does the backfill and tells each batch, until it is killed.
const [, , place = ''] = process.argv;
const database = place.startsWith('postgres')
  ? await openPostgresql(place, { poolSize: 2 })
  : await openEmbedded(place);
const backfill = countOnce('counted', () => void process.stdout.write('batch\n'));
await new Backfills(database, { now: () => new Date() }, pino({ level: 'silent' }), [backfill]).runBlocking();
process.stdout.write('done\n');
process.stdin.resume();
