import { jest } from '@jest/globals';
import { runDoctor } from '../../src/app/cli/doctor/run.js';
import type { Finding } from '../../src/app/cli/doctor/findings.js';

/** What `npm run doctor` calls a problem of a database, save that the clusters of tests keep nothing on disk. */
export async function doctorsProblems(url: string | undefined): Promise<string[]> {
  let output = '';
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      if (name === 'stdout') output += String(text);
      return true;
    }),
  );
  try {
    await runDoctor(['--json'], { DATABASE_URL: url });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  const findings = JSON.parse(output) as Finding[];
  if (!findings.some(({ check }) => check === 'books')) return findings.map(({ found }) => found);
  return findings
    .filter(({ check, grade }) => grade === 'problem' && check !== 'durability')
    .map(({ check, found }) => `${check}: ${found}`);
}
