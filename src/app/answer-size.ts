/** Whether a value has more bytes of JSON than so many, without making any of them: texts count by their characters. */
export function exceeds(value: unknown, bytesMax: number): boolean {
  const count = { left: bytesMax };
  take(value, count);
  return count.left < 0;
}

function take(value: unknown, count: { left: number }): void {
  if (count.left < 0) return;
  if (typeof value === 'string') count.left -= value.length + 2;
  else if (typeof value !== 'object' || value === null) count.left -= 4;
  else if (Array.isArray(value)) {
    count.left -= 2;
    for (const element of value) take(element, count);
  } else {
    for (const name in value) {
      count.left -= name.length + 4;
      take((value as Readonly<Record<string, unknown>>)[name], count);
    }
  }
}
