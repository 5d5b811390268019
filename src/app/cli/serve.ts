import { run } from './run.js';

// Production: PostgreSQL, no demo data, introspection only on request.
await run('serve');
