import { join } from 'node:path';

const loader = join(process.cwd(), 'test/support/typescript.js');

/**
 * Arguments of node that run a program of src/app/cli. What is compiled already starts in half the time; it is taken where it is
 * made of the sources that are there (support/jest/database-setup.js), as after `npm run build`.
 */
export const programArguments = (name: string): string[] =>
  process.env.TEST_COMPILED
    ? [join(process.cwd(), `dist/src/app/cli/${name}.js`)]
    : ['--import', loader, join(process.cwd(), `src/app/cli/${name}.ts`)];

/** The same of sources that lie elsewhere, those of another version. */
export const programOf = (folder: string, name: string): string[] => [
  '--import',
  loader,
  join(folder, `src/app/cli/${name}.ts`),
];
