import { ModuleMocker } from 'jest-mock';

/**
 * Where tests run: in the process itself, not in a context of node:vm. So the server's modules can be loaded once for
 * all test files of a worker, and what they make (errors, dates, arrays) is of the classes that the tests know.
 */
export default class ProcessEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  #exit = process.exit;

  /** Only jest's own module loader, which is not used, would need one. */
  getVmContext() {
    return null;
  }

  async setup() {}

  async teardown() {
    // Jest wraps it anew for each file.
    process.exit = this.#exit;
  }
}
