import { getJunitXml, type TestCase } from 'junit-xml';
import type { TargetFields } from '../../client/client.js';
import { sayingOf } from '../target-facts.js';
import { inWords } from './condition.js';
import { blockersOf, type Waited } from './waited.js';

/**
 * A JUnit report of a wait: a test case for each target. One that failed is a failure with its error; so is one that
 * stood in the way when the time was up; one that is inactive, disabled or not decided is skipped. A wait that did not
 * succeed though no target says so is a failure of its own, so that no report is green when the wait was not.
 */
export function junitReport(waited: Waited): string {
  const { session, targets, result, tookMs, now } = waited;
  const late = new Set(result === 'timeout' ? blockersOf(waited) : []);
  const isFailure = (target: TargetFields) => late.has(target) || hasFailed(target, waited);
  const cases = targets.map((target) => testCase(target, isFailure(target)));
  const isRed = cases.some(({ failures }) => failures !== undefined);
  const name = printable(session?.id ?? 'tilt-graphql');
  const started = Date.parse(session?.status.startTime ?? '');
  return asFailures(
    getJunitXml({
      name: 'tilt-graphql wait',
      suites: [
        {
          name,
          timestamp: new Date(Number.isNaN(started) ? now - tookMs : started),
          time: tookMs / 1_000,
          testCases: result === 'reached' || isRed ? cases : [waitItself(waited, name), ...cases],
        },
      ],
    }),
  );
}

/** A failure that was waited for is none. */
function hasFailed({ name, phase }: TargetFields, { condition, result }: Waited): boolean {
  const isWanted = result === 'reached' && typeof condition === 'object' && condition.target === name;
  return phase === 'FAILED' && !isWanted;
}

function testCase(target: TargetFields, isFailure: boolean): TestCase {
  const { name, resources, phase, durationSeconds, secondsToReady } = target;
  const seconds = durationSeconds ?? secondsToReady;
  return {
    name: printable(name),
    classname: printable(resources.join(', ') || name),
    ...(seconds !== null && { time: seconds }),
    ...(isFailure
      ? { failures: [{ type: phase, message: printable(sayingOf(target)) }] }
      : phase !== 'READY' && phase !== 'SUCCEEDED' && { skipped: true }),
  };
}

function waitItself({ condition, result, reason, tookMs }: Waited, classname: string): TestCase {
  return {
    name: printable(`wait ${inWords(condition)}`),
    classname,
    time: tookMs / 1_000,
    failures: [{ type: result, message: printable(reason) }],
  };
}

/** XML has no way to write most control characters, escaped or not. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, '\ufffd');
}

/**
 * The package counts failures as such, but writes them as `<error>`, which readers take for trouble with the test itself.
 * Text in it is escaped: what begins with `<` is a tag.
 */
function asFailures(xml: string): string {
  return xml.replaceAll('<error', '<failure').replaceAll('</error>', '</failure>');
}
