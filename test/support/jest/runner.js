import 'reflect-metadata';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import circus from 'jest-circus/runner';
import '../typescript.js';

const require = createRequire(import.meta.url);

let filesRun = 0;

/**
 * Runs a test file with jest-circus, as jest does, but lets node load the modules. The server's modules are loaded
 * once for all files of a worker, because loading them costs more than most files run; those of test/ are loaded anew
 * for each file (typescript-hooks.js), so that no file sees what another left in them.
 */
export default async function runTestFile(globalConfig, config, environment, _jestRuntime, path, sendMessageToJest) {
  const { prepareStackTrace } = Error;
  // Node's own maps stacks to the lines of TypeScript.
  Error.prepareStackTrace = undefined;
  try {
    return await circus.default(
      globalConfig,
      config,
      environment,
      new NodeRuntime(environment.moduleMocker),
      path,
      sendMessageToJest,
    );
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}

/** What jest-circus asks of the module loader of jest. */
class NodeRuntime {
  #file = ++filesRun;
  #mocker;

  constructor(mocker) {
    this.#mocker = mocker;
  }

  /** A fresh copy of jest-circus: it keeps the tests of one file in its own module and in these. */
  requireInternalModule(path) {
    delete globalThis[Symbol.for('EVENT_HANDLERS')];
    delete globalThis[testTimeout];
    delete require.cache[path];
    return require(path);
  }

  requireModule(path) {
    return require(path);
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    await import(`${pathToFileURL(path).href}?file=${this.#file}`);
  }

  setGlobalsForRuntime(globals) {
    const jest = {
      fn: this.#mocker.fn.bind(this.#mocker),
      spyOn: this.#mocker.spyOn.bind(this.#mocker),
      setTimeout: (timeoutMs) => (globalThis[testTimeout] = timeoutMs),
    };
    globalThis[Symbol.for('globals of the test file')] = { ...globals, jest };
  }

  enterTestCode() {}

  leaveTestCode() {}
}

const testTimeout = Symbol.for('TEST_TIMEOUT_SYMBOL');
