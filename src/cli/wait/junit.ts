import { describeRun, type TargetFields } from '../../client/client.js';
import { lineText } from '../safe-text.js';
import {
  awaitedTargets,
  fullText,
  headline,
  inWords,
  isStale,
  sessionOf,
  targetsOf,
  type WaitReport,
} from './wait-report.js';

/**
 * A JUnit report of a wait: a test case for each target. One that failed is a failure with its error; so is one that
 * stood in the way when the time was up or a signal came; one that is inactive, disabled or not decided is skipped. A wait that
 * did not succeed though no target says so is a failure of its own, so that no report is green when the wait was not.
 */
export function junitReport(report: WaitReport): string {
  const { result, tookMs, now } = report;
  const session = sessionOf(report);
  const endedEarly = (result === 'timeout' || result === 'interrupted') && !isStale(report);
  const late = new Set(endedEarly ? awaitedTargets(report) : []);
  const cases = targetsOf(report).map((target) =>
    testCase(target, late.has(target) || hasFailed(target, report)),
  );
  const name = lineText(session?.id ?? 'tilt-graphql');
  const isRed = cases.some(({ kind }) => kind === 'failure');
  const all = result === 'reached' || isRed ? cases : [waitItself(report, name), ...cases];
  const count = (kind: TestCase['kind']) => all.filter((one) => one.kind === kind).length;
  const counts = { tests: all.length, failures: count('failure'), errors: 0, skipped: count('skipped') };
  const started = Date.parse(session?.status.startTime ?? '');
  const time = runSeconds(report) ?? tookMs / 1_000;
  const timestamp = new Date(Number.isNaN(started) ? now - tookMs : started).toISOString();
  const suite = element('testsuite', { name, ...counts, time, timestamp }, [
    element('properties', {}, propertiesOf(report)),
    ...all.map(({ xml }) => xml),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'tilt-graphql wait', ...counts, time }, [suite])}\n`;
}

interface TestCase {
  readonly kind: 'passed' | 'skipped' | 'failure';
  readonly xml: string;
}

/** How long the run took so far, or until it was done; null where that is not known. */
function runSeconds(report: WaitReport): number | null {
  const seconds = (endOf(report) - Date.parse(sessionOf(report)?.status.startTime ?? '')) / 1_000;
  return seconds >= 0 ? seconds : null;
}

/** When the run was done, by Tilt's clock if it tells that; else when its Tilt left, or now. Milliseconds since 1970. */
function endOf(report: WaitReport): number {
  const session = sessionOf(report);
  if (session === null) return report.now;
  const ends = targetsOf(report).flatMap(({ state }) =>
    state?.__typename === 'TargetStateTerminated' && state.finishTime !== null
      ? [Date.parse(state.finishTime)]
      : [],
  );
  if (session.verdict.final && ends.length > 0) return Math.max(...ends);
  return session.connection.state === 'GONE' ? Date.parse(session.connection.since) : report.now;
}

function propertiesOf({ condition, result, run }: WaitReport): string[] {
  const properties = {
    result,
    condition: inWords(condition),
    ...(run && {
      run: lineText(describeRun(run)),
      tiltfile: lineText(run.tiltfilePath),
      startTime: run.startTime,
      pid: run.pid,
      uid: run.uid,
    }),
  };
  return Object.entries(properties).flatMap(([name, value]) =>
    value === null ? [] : [element('property', { name, value })],
  );
}

/** A failure that was waited for is none. */
function hasFailed({ name, phase }: TargetFields, { condition, result }: WaitReport): boolean {
  const isWanted = result === 'reached' && typeof condition === 'object' && condition.target === name;
  return phase === 'FAILED' && !isWanted;
}

function testCase(target: TargetFields, isFailure: boolean): TestCase {
  const { name, resources, phase, durationSeconds, secondsToReady } = target;
  const time = durationSeconds ?? secondsToReady;
  const attributes = { name: lineText(name), classname: lineText(resources.join(', ') || name), time };
  if (isFailure) {
    const failure = element('failure', { type: phase, message: headline(target) }, fullText(target));
    return { kind: 'failure', xml: element('testcase', attributes, [failure]) };
  }
  if (phase === 'READY' || phase === 'SUCCEEDED')
    return { kind: 'passed', xml: element('testcase', attributes) };
  return { kind: 'skipped', xml: element('testcase', attributes, [element('skipped', {})]) };
}

function waitItself({ condition, result, reason, tookMs }: WaitReport, classname: string): TestCase {
  const message = lineText(reason);
  const attributes = { name: `wait ${inWords(condition)}`, classname, time: tookMs / 1_000 };
  const failure = element('failure', { type: result, message }, message);
  return { kind: 'failure', xml: element('testcase', attributes, [failure]) };
}

/**
 * An element of XML.
 *
 * @param attributes those that are null are left out
 * @param content text, which is escaped, or elements
 */
function element(
  name: string,
  attributes: Readonly<Record<string, string | number | null>>,
  content: string | readonly string[] = [],
): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === null ? [] : [` ${key}="${escapeXml(String(value)).replace(/[\t\n\r]+/g, ' ')}"`],
  );
  const lines = typeof content === 'string' ? [] : content.map((child) => `\n${child}`);
  const inner = typeof content === 'string' ? escapeXml(content) : lines.join('');
  return inner === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${inner}</${name}>`;
}

function escapeXml(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}

/** XML 1.0 has no way to write these, escaped or not: control characters, lone surrogates and two non-characters. */
const FORBIDDEN = /[^\P{Cc}\t\n\r\u007f-\u009f]|\p{Cs}|[\ufffe\uffff]/gu;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
