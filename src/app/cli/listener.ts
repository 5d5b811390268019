import { runListener } from './listener/run.js';

// `npm run listener`: prints the events that arrive, and verifies them.
process.exitCode = await runListener(process.argv.slice(2), process.env);
