// @ts-check
/**
 * Loaded before a server: its wall clock goes wrong by as much as its parent says, and it ends with its parent. The
 * monotonic clock and timers stay right, as where somebody sets the clock of a machine.
 */
const RealDate = Date;
let aheadMs = 0;
const now = () => RealDate.now() + aheadMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

process.on('message', (/** @type {{ clockAheadMs?: number }} */ { clockAheadMs }) => {
  if (clockAheadMs !== undefined) aheadMs = clockAheadMs;
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
