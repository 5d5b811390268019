/** Whether the JSON of a value is longer than `bytesMax`. Nothing is serialized for it: a text counts one byte per character. */
export function exceeds(value: unknown, bytesMax: number): boolean {
  const budget = { left: bytesMax };
  subtract(value, budget);
  return budget.left < 0;
}

function subtract(value: unknown, budget: { left: number }): void {
  if (budget.left < 0) return;
  if (typeof value === 'string') budget.left -= value.length + 2;
  else if (typeof value !== 'object' || value === null) budget.left -= 4;
  else if (Array.isArray(value)) {
    budget.left -= 2;
    for (const element of value) subtract(element, budget);
  } else {
    for (const name in value) {
      budget.left -= name.length + 4;
      subtract((value as Readonly<Record<string, unknown>>)[name], budget);
    }
  }
}
