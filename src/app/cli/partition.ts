import { runPartition } from './administration/partition.js';

// `npm run partition`: gives big tables partitions by time.
process.exitCode = await runPartition(process.argv.slice(2), process.env);
