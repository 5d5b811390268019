import type { CodegenConfig } from '@graphql-codegen/cli';
import { preset } from './preset.ts';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: ['codegen/main.ts'],
  generates: { 'codegen/graphql/': preset },
};

export default config;
