import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', 'node_modules/**'],
    globalSetup: ['test/support/system-packages.ts'],
    reporters: ['default', './test/support/plain-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A browser, brokers and servers share two cores with the tests.
    maxWorkers: 2,
  },
});
