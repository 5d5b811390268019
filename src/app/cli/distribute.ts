import { runDistribute } from './administration/distribute.js';

// `npm run distribute`: lays the tables on the nodes of a cluster.
process.exitCode = await runDistribute(process.argv.slice(2), process.env);
