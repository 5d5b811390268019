import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { tmfCodes } from '../../../rest-compat/errors.js';
import { errorCatalogue } from '../../../src/app/errors.js';
import { declaredCodes, declareErrors } from '../../../src/platform/errors.js';

describe('errors', () => {
  it('have an HTTP status and a TMF630 code each', () => {
    expect(Object.keys(tmfCodes).sort()).toEqual(errorCatalogue.map(({ code }) => code).sort());
    for (const { status, tmfCode } of errorCatalogue)
      expect([status >= 400, tmfCode]).toEqual([true, expect.any(String)]);
  });

  it('are all in the catalogue, whoever declares them', async () => {
    const files = ['src', 'graphql', 'rest-compat'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('errors.ts'))
        .map((path) => `../../../${folder}/${path.replace(/\.ts$/, '.js')}`),
    );
    for (const file of files) await import(file);
    expect(files.length).toBeGreaterThan(7);
    expect(declaredCodes().sort()).toEqual(errorCatalogue.map(({ code }) => code).sort());
  });

  it('have numbers of their own from 100 on, and share those of the standard', () => {
    const ours = errorCatalogue.map(({ tmfCode }) => Number(tmfCode)).filter((number) => number >= 100);
    expect(new Set(ours).size).toBe(ours.length);
  });

  it('are declared once', () => {
    expect(() => declareErrors('a test', { NOT_FOUND: { kind: 'notFound', reason: '', description: '' } })).toThrow(
      'the error NOT_FOUND is declared twice',
    );
  });
});
