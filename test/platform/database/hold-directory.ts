import { lockDirectory } from '../../../src/platform/database/directory-lock.js';

// A process of its own for directory-lock.test.ts: locks the directory when a line arrives, says how it went, and
// holds the lock until its input ends.
const [, , directory = ''] = process.argv;
console.log('ready');
process.stdin.once('data', () => {
  lockDirectory(directory).then(
    (lock) => {
      console.log('holding');
      process.stdin.once('end', () => void lock.release());
    },
    (error: Error) => {
      console.log(`${error.name}: ${error.message}`);
      process.exit();
    },
  );
});
