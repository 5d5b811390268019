import { join } from 'node:path';

const loader = join(process.cwd(), 'test/support/typescript.js');

/**
 * Arguments of node that run a program of src/app/cli. What is compiled already takes two thirds of the time to start; it is taken where it is
 * made of the sources that are there (support/jest/database-setup.js), as after `npm run build`.
 */
export const programArguments = (name: string): string[] =>
  process.env.TEST_COMPILED ? [join(process.cwd(), `dist/src/app/cli/${name}.js`)] : programOf(process.cwd(), name);

/** The same of sources that lie elsewhere, those of another version. */
export const programOf = (folder: string, name: string): string[] => [
  '--import',
  loader,
  join(folder, `src/app/cli/${name}.ts`),
];
