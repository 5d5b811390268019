import { register } from 'node:module';

// Lets node itself run our TypeScript: `node --import ./test/support/typescript.js file.ts`. Needed where jest
// does not reach: its global set-up, and the processes that tests start.
register('./typescript-hooks.js', import.meta.url);
