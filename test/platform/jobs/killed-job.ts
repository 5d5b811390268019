// What the process that is killed and the one that takes over must define alike.

/** Never less than the time a process needs to say that both run. */
const expireInSeconds = 5;

export const killedJob = { name: 'killed', settings: { retryLimit: 1, retryDelaySeconds: 1, expireInSeconds, concurrency: 1 } };
export const repeatingWork = { name: 'repeating', intervalSeconds: 1, settings: { expireInSeconds } };
