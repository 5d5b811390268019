/** The server cannot start, for a reason that the user can fix. The message is one line and holds no password. */
export class StartError extends Error {}
