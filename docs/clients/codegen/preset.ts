import type { CodegenConfig } from '@graphql-codegen/cli';

/** What our scalars are in TypeScript: as they are sent, and as they are answered. */
export const scalars = {
  Decimal: { input: 'number | string', output: 'number' },
  DateTime: 'string',
  JsonScalar: 'string | number | boolean',
  JSONObject: 'Record<string, unknown>',
  AnyJson: 'unknown',
} as const;

/** The client preset with our scalars: `generates: { 'src/graphql/': preset }`. */
export const preset: CodegenConfig['generates'][string] = {
  preset: 'client',
  config: { scalars, strictScalars: true, useTypeImports: true, enumsAsTypes: true, importExtension: '.js' },
  presetConfig: { fragmentMasking: false },
};
