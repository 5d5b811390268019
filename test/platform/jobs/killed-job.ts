// What the process that is killed and the one that takes over must define alike.

/** Longer than anybody waits: nobody but the death of its process ends it. */
const expireInSeconds = 600;

export const killedJob = {
  name: 'killed',
  settings: { retryLimit: 1, retryDelaySeconds: 1, expireInSeconds, concurrency: 1 },
};
export const repeatingWork = { name: 'repeating', intervalSeconds: 1, settings: { expireInSeconds } };
