import { runKey } from './administration/key.js';

// `npm run key -- new --name CRM --role agent`: looks after the API keys in the database.
process.exitCode = await runKey(process.argv.slice(2), process.env);
