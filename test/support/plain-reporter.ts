import type { Reporter, TestModule } from 'vitest/node';

/** Prints one machine-readable line at the end of a run: `N passed, N failed, N skipped`. */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const [passed, skipped] = [count('passed'), count('skipped')];
    // Errors that no test has: in files, in hooks of a suite, and outside of tests. Their tests are skipped.
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const errors = suites.filter((suite) => suite.errors().length > 0).length + unhandledErrors.length;
    const failed = tests.length - passed - skipped + errors;
    const more = skipped === 0 ? '' : `, ${skipped} skipped`;
    process.on('exit', () => console.log(`${passed} passed, ${failed} failed${more}`));
  }
}
