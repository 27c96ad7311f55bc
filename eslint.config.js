'use strict';

const js = require('@eslint/js');
const globals = require('globals');

// The helper of the example runs where the package does: it is there to be copied.
const SHIPPED = ['index.js', 'axios.js', 'http.js', 'metrics.js', 'bin/**/*.js', 'lib/**/*.js', 'examples/indexer/helpers/**/*.js'];

module.exports = [
  { ignores: ['target/', 'dist/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: { ecmaVersion: 2023, sourceType: 'commonjs', globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-unused-vars': ['error', { caughtErrors: 'none' }],
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
      curly: ['error', 'multi-line'],
      strict: ['error', 'global'],
      'no-promise-executor-return': 'off',
    },
  },
  {
    files: SHIPPED,
    // The `esm` loader parses what has the word `import` or `export` in it, a comment will do, and stops at `?.`, `??`, the
    // assignments `??=`, `||=`, `&&=` and static blocks. It finds builtins by their bare names only.
    languageOptions: { ecmaVersion: 2018, globals: { FinalizationRegistry: 'readonly', WeakRef: 'readonly', performance: 'readonly' } },
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.name='require'] > Literal[value=/^node:/]", message: 'by its bare name' },
      ],
    },
  },
  {
    files: ['**/*.mjs', 'scripts/release/package/consumers/esm-loader.js'],
    languageOptions: { sourceType: 'module', globals: globals.node },
  },
  {
    files: ['__tests__/**/*.js', 'monitoring/**/*.test.js', 'scripts/release/package/consumers/*.test.js'],
    languageOptions: { globals: globals.jest },
  },
  {
    // Scripts of a page that become one: each sees the names of the others, and of uPlot.
    files: ['monitoring/page/{state,charts,main}.js'],
    languageOptions: { sourceType: 'script', globals: globals.browser },
    rules: { 'no-undef': 'off', 'no-unused-vars': ['error', { vars: 'local', caughtErrors: 'none' }] },
  },
];
