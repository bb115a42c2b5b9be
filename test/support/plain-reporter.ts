import type { Reporter, TestModule } from 'vitest/node';

/** Prints one machine-readable line at the end of a run: `N passed, N failed`. */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    // Files that failed to load and errors outside of tests are failures that no test counts.
    const broken = modules.filter((module) => module.errors().length > 0).length + unhandledErrors.length;
    const failed = tests.length - passed + broken;
    process.on('exit', () => console.log(`${passed} passed, ${failed} failed`));
  }
}
