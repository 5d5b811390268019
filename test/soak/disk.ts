import { execFile, spawnSync } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const mebibyte = 2 ** 20;
const size = 6_144 * mebibyte;
/** What is left when it is full. */
const rest = 256 * 1024;

/** A disk in memory, which can be made so small that nothing fits on it any more. */
export class Disk {
  private readonly leave = (): unknown => spawnSync('umount', ['--lazy', this.folder]);

  private constructor(readonly folder: string) {
    process.on('exit', this.leave);
  }

  /** Undefined where this user may mount nothing. */
  static async mount(folder: string): Promise<Disk | undefined> {
    await mkdir(folder, { recursive: true });
    const isMounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).then(
      () => true,
      () => false,
    );
    return isMounted ? new Disk(folder) : undefined;
  }

  async fill(): Promise<void> {
    const { bsize, blocks, bfree } = await statfs(this.folder);
    await this.resize(bsize * (blocks - bfree) + rest);
  }

  free(): Promise<void> {
    return this.resize(size);
  }

  private async resize(bytes: number): Promise<void> {
    await run('mount', ['-o', `remount,size=${bytes}`, this.folder]);
  }

  async unmount(): Promise<void> {
    process.off('exit', this.leave);
    await run('umount', ['--lazy', this.folder]).catch(() => undefined);
  }
}
