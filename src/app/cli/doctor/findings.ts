/** What a check found: fine, worth a look, or to be repaired. */
export type Grade = 'ok' | 'warning' | 'problem';

export interface Finding {
  readonly check: string;
  readonly grade: Grade;
  /** What is there. */
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

export function fine(check: string, found: string): Finding {
  return { check, grade: 'ok', found };
}

export function warning(check: string, found: string, advice: string): Finding {
  return { check, grade: 'warning', found, advice };
}

export function problem(check: string, found: string, advice: string): Finding {
  return { check, grade: 'problem', found, advice };
}
