// ISO 8601 calendar date, optionally with a time, whose seconds, fraction and offset may be absent.
const pattern = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:[.,]\d{1,9})?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** The years that both a four-digit ISO year and PostgreSQL (which has no year 0) can hold. */
const earliest = new Date('0001-01-01T00:00:00.000Z').getTime();
const latest = new Date('9999-12-31T23:59:59.999Z').getTime();

export function isTimeInRange(time: Date): boolean {
  const at = time.getTime();
  return at >= earliest && at <= latest;
}

/**
 * The instant that an ISO 8601 text names, or undefined when it names none (2026-02-30 does not) or its offset
 * leads out of the years 1 to 9999. A date alone, and a time without offset, are UTC. Beyond milliseconds the fraction is cut.
 */
export function parseDateTime(text: string): Date | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, day = '', minutes = '00:00', seconds = ':00', offset = 'Z'] = match;
  const fraction = seconds.replace(',', '.').slice(0, 7);
  const instant = new Date(`${day}T${minutes}${fraction}${normalOffset(offset)}`);
  if (!isTimeInRange(instant) || day.startsWith('0000')) return undefined;
  // Date rolls 30 February over to March: such a day is refused.
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day) ? instant : undefined;
}

function normalOffset(offset: string): string {
  if (/^z$/i.test(offset)) return 'Z';
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  return `${offset.charAt(0)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}
