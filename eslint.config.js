'use strict';

const js = require('@eslint/js');
const globals = require('globals');

// The example's helper runs wherever the package does, because users copy it.
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
    // The `esm` loader parses files that contain the word `import` or `export`, even in a comment, and fails at `?.`, `??`, the
    // assignments `??=`, `||=`, `&&=` and static blocks. It resolves builtins only by their bare names.
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
