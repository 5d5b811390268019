/** How deep causes, the errors of an AggregateError and other members are followed. */
const depthMax = 4;
const membersMax = 20;
const textMax = 10_000;

/** Members that every error may have without listing them as enumerable. */
const standardMembers = ['name', 'message', 'stack', 'cause', 'errors'];

/**
 * An error, or whatever else was thrown, as JSON of bounded size. Never throws: a member that cannot be read says so, and one
 * that contains itself is cut off.
 */
export function describeError(error: unknown): unknown {
  return attempt(() => describe(error, []));
}

/** Members that executors and Apollo read without expecting a getter to throw. */
const membersRead = [
  'name',
  'message',
  'stack',
  'cause',
  'code',
  'path',
  'locations',
  'extensions',
  'originalError',
  'constructor',
  'toJSON',
];

/** The error itself if all its usual members can be read; otherwise an error whose cause describes it. */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error && typeof thrown.message === 'string') {
      for (const name of membersRead) Reflect.get(thrown, name);
      return thrown;
    }
  } catch {
    // Described below.
  }
  return new Error('what was thrown is no error that can be read', { cause: describeError(thrown) });
}

function describe(value: unknown, outer: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
      return cut(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return value === null ? null : describeObject(value, outer);
    default:
      return cut(String(value));
  }
}

function describeObject(value: object, outer: readonly object[]): unknown {
  if (outer.includes(value)) return '[contains itself]';
  if (outer.length >= depthMax) return '[nested deeper]';
  const inner = [...outer, value];
  if (Array.isArray(value)) return value.slice(0, membersMax).map((part) => attempt(() => describe(part, inner)));
  if (value instanceof Date) return attempt(() => value.toISOString());
  const isError = value instanceof Error;
  const names = [...new Set([...(isError ? standardMembers : []), ...Object.keys(value)])].slice(0, membersMax);
  const members = names.map((name): [string, unknown] => [
    cut(name),
    attempt(() => describe((value as Record<string, unknown>)[name], inner)),
  ]);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

function cut(text: string): string {
  return text.length > textMax ? `${text.slice(0, textMax)}... (${text.length} characters)` : text;
}

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return '[cannot be read]';
  }
}
