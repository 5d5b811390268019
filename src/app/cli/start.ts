import { run } from './run.js';

// The sandbox: embedded database, demo data, introspection.
await run('sandbox');
