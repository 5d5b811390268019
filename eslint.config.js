import graphql from '@graphql-eslint/eslint-plugin';
import tseslint from 'typescript-eslint';

/** What is wrong in any JavaScript: almost always a slip, never a matter of taste. */
const slips = {
  'array-callback-return': ['error', { checkForEach: false }],
  'constructor-super': 'error',
  eqeqeq: 'error',
  'for-direction': 'error',
  'getter-return': 'error',
  'no-async-promise-executor': 'error',
  'no-caller': 'error',
  'no-class-assign': 'error',
  'no-compare-neg-zero': 'error',
  'no-cond-assign': 'error',
  'no-const-assign': 'error',
  'no-constant-binary-expression': 'error',
  'no-constant-condition': 'error',
  'no-constructor-return': 'error',
  'no-debugger': 'error',
  'no-delete-var': 'error',
  'no-dupe-args': 'error',
  'no-dupe-class-members': 'error',
  'no-dupe-else-if': 'error',
  'no-dupe-keys': 'error',
  'no-duplicate-case': 'error',
  'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
  'no-empty': 'error',
  'no-empty-character-class': 'error',
  'no-empty-pattern': 'error',
  'no-eval': 'error',
  'no-ex-assign': 'error',
  'no-extend-native': 'error',
  'no-fallthrough': 'error',
  'no-func-assign': 'error',
  'no-global-assign': 'error',
  'no-implied-eval': 'error',
  'no-import-assign': 'error',
  'no-invalid-regexp': 'error',
  'no-irregular-whitespace': 'error',
  'no-loss-of-precision': 'error',
  'no-misleading-character-class': 'error',
  'no-new-func': 'error',
  'no-new-native-nonconstructor': 'error',
  'no-new-wrappers': 'error',
  'no-obj-calls': 'error',
  'no-prototype-builtins': 'error',
  'no-return-assign': ['error', 'except-parens'],
  'no-self-assign': 'error',
  'no-self-compare': 'error',
  'no-setter-return': 'error',
  'no-shadow-restricted-names': 'error',
  'no-sparse-arrays': 'error',
  'no-template-curly-in-string': 'error',
  'no-this-before-super': 'error',
  'no-unexpected-multiline': 'error',
  'no-unreachable': 'error',
  'no-unreachable-loop': 'error',
  'no-unsafe-finally': 'error',
  'no-unsafe-negation': 'error',
  'no-unsafe-optional-chaining': 'error',
  'no-unused-labels': 'error',
  'no-useless-backreference': 'error',
  'no-useless-catch': 'error',
  'no-var': 'error',
  'no-with': 'error',
  'prefer-const': 'error',
  'require-yield': 'error',
  'use-isnan': 'error',
  'valid-typeof': 'error',
  '@typescript-eslint/no-unused-expressions': 'error',
  '@typescript-eslint/no-unused-vars': [
    'error',
    { ignoreRestSiblings: true, argsIgnorePattern: '^_', caughtErrors: 'all' },
  ],
  '@typescript-eslint/no-use-before-define': [
    'error',
    { functions: false, classes: false, variables: false, typedefs: false },
  ],
};

/** What only someone who knows the types sees is wrong: above all promises that nobody waits for. */
const mistypings = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/no-array-delete': 'error',
  '@typescript-eslint/no-deprecated': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/no-misused-spread': 'error',
  '@typescript-eslint/no-unsafe-unary-minus': 'error',
  '@typescript-eslint/only-throw-error': 'error',
  // Inside try an unawaited promise escapes its catch and finally.
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
};

/** What only TypeScript can write. */
const typings = {
  '@typescript-eslint/ban-ts-comment': ['error', { minimumDescriptionLength: 10 }],
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/no-confusing-non-null-assertion': 'error',
  '@typescript-eslint/no-duplicate-enum-values': 'error',
  '@typescript-eslint/no-import-type-side-effects': 'error',
  '@typescript-eslint/no-misused-new': 'error',
  '@typescript-eslint/no-namespace': 'error',
  '@typescript-eslint/no-non-null-asserted-optional-chain': 'error',
  '@typescript-eslint/no-unsafe-declaration-merging': 'error',
  '@typescript-eslint/no-unsafe-function-type': 'error',
  '@typescript-eslint/no-wrapper-object-types': 'error',
};

/** Product code only: tests reject with odd things and sort one-digit numbers on purpose. */
const strict = {
  '@typescript-eslint/prefer-promise-reject-errors': 'error',
  '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: true }],
  '@typescript-eslint/restrict-plus-operands': 'error',
};

/** `any` neither written nor let in from a library: one of them switches the compiler off for all it touches. */
const noAny = {
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-unsafe-argument': 'error',
  '@typescript-eslint/no-unsafe-assignment': 'error',
  '@typescript-eslint/no-unsafe-call': 'error',
  '@typescript-eslint/no-unsafe-member-access': 'error',
  '@typescript-eslint/no-unsafe-return': 'error',
};

/** Domain code gets time and chance handed to it, so that a test can stop the one and repeat the other. */
const handedIn = {
  'no-restricted-syntax': [
    'error',
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'take the time from the clock' },
    {
      selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
      message: 'take the time from the clock',
    },
    {
      selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
      message: 'take ids from the id source',
    },
  ],
};

/** The published schema: what the plugin recommends, but for what is said here. */
const recommendedForSchemas = graphql.configs['flat/schema-recommended'].rules;
// Values are spelt as TMF spells them: inProgress, onHold.
const { EnumValueDefinition: _, ...naming } = recommendedForSchemas['@graphql-eslint/naming-convention'][1];
const schemaRules = {
  ...recommendedForSchemas,
  '@graphql-eslint/naming-convention': ['error', naming],
  // Everything that a client may write or read is described, arguments and values too.
  '@graphql-eslint/require-description': [
    'error',
    {
      types: true,
      rootField: true,
      DirectiveDefinition: true,
      EnumValueDefinition: true,
      FieldDefinition: true,
      InputValueDefinition: true,
    },
  ],
  // Values (money, periods, references, pages) have no identity; that resources have one is a test of ours.
  '@graphql-eslint/strict-id-in-types': 'off',
  // TMF names some attributes after their type: ExternalReference.externalReferenceType.
  '@graphql-eslint/no-typename-prefix': 'off',
};

/** What plain JavaScript may use unimported; in TypeScript the compiler knows. */
const nodeGlobals = Object.fromEntries(
  [
    'AbortController',
    'AbortSignal',
    'Buffer',
    'URL',
    'URLSearchParams',
    'clearTimeout',
    'console',
    'fetch',
    'performance',
    'process',
    'setTimeout',
  ].map((name) => [name, 'readonly']),
);

/** What the files of pages may use, in a browser. */
const browserGlobals = Object.fromEntries(
  [
    'document',
    'location',
    'history',
    'window',
    'crypto',
    'FormData',
    'MutationObserver',
    'Intl',
    'sessionStorage',
    'AbortController',
    'TextDecoder',
    'URL',
    'URLSearchParams',
    'fetch',
    'console',
    'setTimeout',
    'clearTimeout',
  ].map((name) => [name, 'readonly']),
);

const typeAware = {
  parser: tseslint.parser,
  parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
};

export default [
  { ignores: ['dist/', 'data/', 'reports/', 'prisma/generated/', 'contract/', 'docs/clients/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' }, plugins: { '@typescript-eslint': tseslint.plugin } },
  { files: ['**/*.{js,ts}'], languageOptions: { sourceType: 'module', ecmaVersion: 2023 }, rules: slips },
  {
    files: ['**/*.js'],
    ignores: ['src/app/pages/browser/**'],
    languageOptions: { globals: nodeGlobals },
    rules: { 'no-undef': 'error' },
  },
  {
    files: ['src/app/pages/browser/**/*.js'],
    languageOptions: { globals: browserGlobals },
    rules: { 'no-undef': 'error' },
  },
  { files: ['**/*.ts'], languageOptions: typeAware, rules: { ...mistypings, ...typings } },
  // Plain JavaScript with types in comments, each folder with a tsconfig.json of its own.
  { files: ['test/{bench,conformance}/**/*.js'], languageOptions: typeAware, rules: mistypings },
  // Chai's assertions are properties: `to.not.be.empty`.
  { files: ['test/conformance/sandbox.js'], rules: { '@typescript-eslint/no-unused-expressions': 'off' } },
  { files: ['{src,graphql,rest-compat}/**/*.ts'], rules: { ...strict, ...noAny } },
  {
    files: ['schema.graphql'],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: 'schema.graphql' } },
    },
    plugins: { '@graphql-eslint': graphql },
    rules: schemaRules,
  },
  { files: ['src/domain/**/*.ts', 'graphql/**/*.ts', 'rest-compat/**/*.ts'], rules: handedIn },
];
