import { runUsage } from './usage/run.js';

// `npm run usage:import -- file.ndjson`, as it was called before there was one program for all commands.
process.stderr.write('npm run usage:import is deprecated: tmf-balance-server usage import\n');
process.exitCode = await runUsage(['import', ...process.argv.slice(2)]);
