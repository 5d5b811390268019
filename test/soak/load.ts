import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../support/random.js';
import type { Options } from './options.js';
import { anyWork, type Scene } from './works.js';

/** Requests that are under way at once. */
const lanes = 12;

/** Several senders beside each other, at a pace, which can be paused: then all that was asked has been answered. */
export class Load {
  private isPaused = true;
  private working: Promise<unknown> = Promise.resolve();
  private readonly randoms: Random[];

  constructor(
    private readonly scene: Scene,
    private readonly options: Options,
  ) {
    this.randoms = Array.from({ length: lanes }, (_, lane) => new Random(options.seed + 100 + lane));
  }

  start(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.working = Promise.all(this.randoms.map((random) => this.lane(random)));
  }

  async pause(): Promise<void> {
    this.isPaused = true;
    await this.working;
  }

  private async lane(random: Random): Promise<void> {
    const everyMs = (1_000 * lanes) / this.options.rate;
    await sleep(random.below(everyMs));
    for (let next = performance.now(); !this.isPaused;) {
      await anyWork(random)(this.scene, random);
      // Who was late does not hurry afterwards.
      next = Math.max(next + everyMs, performance.now());
      await sleep(next - performance.now());
    }
  }
}
