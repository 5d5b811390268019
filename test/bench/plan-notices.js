// @ts-check
/** Preloaded into the server by `--scale`: what auto_explain tells of its statements goes to the file BENCH_PLANS. */
import { appendFileSync } from 'node:fs';
import pg from 'pg';

const file = process.env.BENCH_PLANS ?? '';
const connect = /** @type {(this: pg.Client, ...parameters: unknown[]) => unknown} */ (pg.Client.prototype.connect);

Object.assign(pg.Client.prototype, {
  /** @this {pg.Client} @param {unknown[]} parameters */
  connect(...parameters) {
    this.on('notice', ({ message }) => appendFileSync(file, `${JSON.stringify(message)}\n`));
    return connect.apply(this, parameters);
  },
});
