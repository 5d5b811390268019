// @ts-check
/** Runs one of our own collections with newman. */
import { join } from 'node:path';
import { assertionFloors, oursPrefix, toCollection } from './collection.js';
import { loadNewman } from './load-newman.js';

/** @typedef {import('./expectation.js').Api} Api */
/** @typedef {import('./expectation.js').Outcome} Outcome */
/** @typedef {import('newman').Summary} Summary */

const requestTimeoutMs = 15_000;
const runTimeoutMs = 300_000;

/**
 * @param {Api} api
 * @param {string} reportFolder
 * @param {string} [credential] an API key or a token
 * @returns {import('./expectation.js').Suite}
 */
export function ourSuite(api, reportFolder, credential) {
  const auth = credential && {
    auth: { type: 'bearer', bearer: [{ key: 'token', value: credential, type: 'string' }] },
  };
  return {
    label: api.name,
    async run(origin, round) {
      const report = join(reportFolder, reportName(api, round));
      return toOutcome(api, await runNewman({ ...toCollection(api, origin), ...auth }, report));
    },
  };
}

/**
 * The first round has the plain name, so that a rerun never hides what a fresh store answered.
 * @param {Api} api
 * @param {number} round
 */
const reportName = (api, round) => `ctk-${api.name.toLowerCase()}${round === 1 ? '' : `-run-${round}`}.html`;

/**
 * @param {{ info: { name: string } }} collection
 * @param {string} [report]
 * @param {object} [options] more options for newman
 * @returns {Promise<Summary>}
 */
export async function runNewman(collection, report, options = {}) {
  const newman = await loadNewman();
  const reporters = report
    ? {
        reporters: ['htmlextra'],
        reporter: {
          htmlextra: {
            export: report,
            title: collection.info.name,
            browserTitle: collection.info.name,
            // Reports are handed on, keys are not.
            skipHeaders: ['Authorization'],
          },
        },
      }
    : { reporters: [] };
  const timeouts = { timeout: runTimeoutMs, timeoutRequest: requestTimeoutMs };
  return new Promise((resolve, reject) => {
    newman.run({ collection, ...reporters, ...timeouts, ...options }, (error, summary) =>
      error ? reject(error) : resolve(summary),
    );
  });
}

/** @param {Api} api @param {Summary} summary @returns {Outcome} */
function toOutcome(api, summary) {
  const outcome = countSummary(summary);
  const { requests, assertions } = api.expected;
  if (outcome.requests < requests) {
    outcome.problems.push(`only ${outcome.requests} of ${requests} requests were sent`);
  }
  let named = 0;
  const floors = assertionFloors(api);
  for (const { item, assertions: ran = [] } of summary.run.executions) {
    const count = ran.filter(({ assertion }) => !assertion.startsWith(oursPrefix)).length;
    const floor = floors.get(item.id)?.assertions ?? 0;
    if (count < floor) outcome.problems.push(`${item.name}: only ${count} of ${floor} assertions of the report ran`);
    named += count;
  }
  if (named < assertions) outcome.problems.push(`only ${named} of ${assertions} assertions of the report ran`);
  return outcome;
}

/**
 * What newman counted. Its list of failures has the failed assertions and also requests without an answer and scripts
 * that threw.
 * @param {Pick<Summary, 'run' | 'error'>} summary
 * @returns {Outcome}
 */
export function countSummary({ run, error }) {
  const problems = run.failures.map(({ parent, source, error: { name, test, message } }) =>
    [parent?.name, source?.name, test ?? name, message].filter(Boolean).join(' › '),
  );
  if (error) problems.push(String(error));
  return {
    requests: run.stats.requests.total,
    assertions: run.stats.assertions.total,
    failedAssertions: run.stats.assertions.failed,
    problems,
  };
}
