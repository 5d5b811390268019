import { Prisma } from '../../../prisma/generated/client.js';
import { openEmbedded } from '../../../src/platform/database/embedded.js';

// A process of its own for embedded.test.ts: opens the database in the directory, writes a row, says so, and waits
// to be killed.
const [, , directory = ''] = process.argv;
const database = await openEmbedded(directory);
await database.client.$executeRaw`CREATE TABLE "kept" ("id" integer)`;
await database.transaction((tx) => tx.execute(Prisma.sql`INSERT INTO "kept" VALUES (1)`));
console.log('written');
process.stdin.resume();
