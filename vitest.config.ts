import { resolve } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: [
      // graphql-js publishes two builds that cannot be mixed. Use the one that Node.js uses, its `main`.
      { find: /^graphql$/, replacement: 'graphql/index.js' },
      // package.json names the compiled file, and unit tests need no build.
      { find: '#web-socket', replacement: resolve('src/client/node-web-socket.ts') },
    ],
  },
  test: {
    reporters: ['default', './test/support/plain-reporter.ts'],
    // On a machine that does much else, a poll of one second (Vitest's default) is a test of the machine.
    expect: { poll: { timeout: 20_000, interval: 20 } },
    testTimeout: 90_000,
    hookTimeout: 60_000,
    // A browser, brokers and servers share two cores with the tests.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/{bench,end-to-end,fuzz,integration,peers,soak}/**'],
          // Loading the sources for each file took more than half of the time: 87 s of CPU instead of 37 s.
          isolate: false,
          unstubEnvs: true,
          unstubGlobals: true,
        },
      },
      {
        extends: true,
        test: { name: 'integration', include: ['test/integration/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/{end-to-end,fuzz,soak}/**/*.test.ts'],
          globalSetup: ['test/end-to-end/support/set-up.ts'],
        },
      },
    ],
  },
});
