import { runArchive } from './archive/run.js';

// `npm run archive`: writes what is finished to files, and puts it back.
process.exitCode = await runArchive(process.argv.slice(2), process.env);
