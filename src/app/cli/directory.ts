import { createSchema } from '../../../graphql/schema.js';
import { runDirectory } from './administration/directory.js';

// `npm run directory -- rebuild`: looks after the directory in the database. The schema says how resources are stored.
await createSchema();
process.exitCode = await runDirectory(process.argv.slice(2), process.env);
