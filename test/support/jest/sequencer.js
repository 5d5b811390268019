import { statSync } from 'node:fs';

/** Files that mostly wait: for programs to start and end, for deadlines. Begun last, they would be waited for alone. */
const waiting = /\/(app|jobs)\/|crash|sick-neighbours|slow-reads|attacks|failures|matrix|restore/;

/** Those first, then the large ones. */
export default class WaitingFirst {
  sort(tests) {
    const rank = ({ path }) => (waiting.test(path) ? 1e9 : 0) + statSync(path).size;
    return [...tests].sort((a, b) => rank(b) - rank(a));
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
