import { runImport } from './usage-import/run.js';

// `npm run usage:import -- file.ndjson`: sends a file of usages to a running server and waits for its end.
process.exitCode = await runImport(process.argv.slice(2));
