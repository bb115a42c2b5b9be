import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // graphql-js publishes two builds that cannot be mixed: here as in Node, there must be only the one it names `main`.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', 'test/neighbours/**', 'node_modules/**'],
    globalSetup: ['test/support/system-packages.ts', 'test/support/neighbours.ts'],
    reporters: ['default', './test/support/plain-reporter.ts'],
    // On a machine that does much else, a poll of one second (Vitest's default) is a test of the machine.
    expect: { poll: { timeout: 20_000, interval: 20 } },
    testTimeout: 90_000,
    hookTimeout: 60_000,
    // A browser, brokers and servers share two cores with the tests.
    maxWorkers: 2,
  },
});
