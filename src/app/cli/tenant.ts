import { runTenant } from './administration/tenant.js';

// `npm run tenant -- new acme --name Acme`: looks after the tenants in the database.
process.exitCode = await runTenant(process.argv.slice(2), process.env);
