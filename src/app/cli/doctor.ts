import { runDoctor } from './doctor/run.js';

// `npm run doctor`: looks at a database, and says what to do about it.
process.exitCode = await runDoctor(process.argv.slice(2), process.env);
