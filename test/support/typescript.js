import { register } from 'node:module';

// Lets node itself run our TypeScript: `node --import ./test/support/typescript.js file.ts`. What it runs that way are
// the tests, their global set-up, and the processes that tests start.
const registered = Symbol.for('TypeScript is registered');
if (!globalThis[registered]) {
  globalThis[registered] = true;
  register('./typescript-hooks.js', import.meta.url);
  process.setSourceMapsEnabled(true);
}
