import { describeRun, type TargetFields } from '../../client/client.js';
import { lineText } from '../text.js';
import { formatExcerpt } from './excerpt-lines.js';
import { describeTarget, findCause, formatTargetHelp, formatTriggers } from './explanation.js';
import {
  describeCondition,
  findAwaited,
  findClusterFailure,
  findFailed,
  findRunEnd,
  fullText,
  isStale,
  sessionOf,
  targetsOf,
  type WaitReport,
} from './wait-report.js';

/**
 * Formats a wait as a JUnit report with one test case per target:
 *
 * - failure: a failed target, and a target that the wait still needed at its timeout or interruption
 * - skipped: an inactive, disabled or undecided target; a waiting one names its root cause; a failed one
 *   whose last known state may be out of date
 *
 * The test case of a root cause has the last lines of its log.
 *
 * A failed test case for the wait itself comes first, unless the wait succeeded or the failures of targets
 * are its result: another target that failed must not hide why the wait ended.
 */
export function junitReport(report: WaitReport): string {
  const { result, tookMs, now } = report;
  const session = sessionOf(report);
  const endedEarly = (result === 'timeout' || result === 'interrupted') && !isStale(report);
  const awaited = new Set(endedEarly ? findAwaited(report) : []);
  const cases = targetsOf(report).map((target) =>
    testCase(target, awaited.has(target) || isFailure(target, report), report),
  );
  const name = lineText(session?.id ?? 'tilt-graphql');
  const isExplained = result === 'reached' || isFailedByTargets(report) || awaited.size > 0;
  const all = isExplained ? cases : [waitCase(report, name), ...cases];
  const count = (kind: TestCase['kind']) => all.filter((one) => one.kind === kind).length;
  const counts = { tests: all.length, failures: count('failure'), errors: 0, skipped: count('skipped') };
  const started = Date.parse(session?.status.startTime ?? '');
  const time = runSeconds(report) ?? tookMs / 1_000;
  const timestamp = new Date(Number.isNaN(started) ? now - tookMs : started).toISOString();
  const suite = element('testsuite', { name, ...counts, time, timestamp }, [
    element('properties', {}, toProperties(report)),
    ...all.map(({ xml }) => xml),
    ...systemOut([formatTriggers(report)].filter((line) => line !== null)),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'tilt-graphql wait', ...counts, time }, [suite])}\n`;
}

interface TestCase {
  readonly kind: 'passed' | 'skipped' | 'failure';
  readonly xml: string;
}

/** Duration of the run until its end or until now, in seconds. Null when unknown. */
function runSeconds(report: WaitReport): number | null {
  const seconds = (findRunEnd(report) - Date.parse(sessionOf(report)?.status.startTime ?? '')) / 1_000;
  return seconds >= 0 ? seconds : null;
}

function toProperties({ condition, result, run }: WaitReport): string[] {
  const properties = {
    result,
    condition: describeCondition(condition),
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

/** Whether failed targets are the reason of the result. */
function isFailedByTargets(report: WaitReport): boolean {
  return report.result === 'failed' && findFailed(report).length > 0 && findClusterFailure(report) === null;
}

/** Whether a target failed, unless its failure is the condition or may be out of date. */
function isFailure({ name, phase }: TargetFields, report: WaitReport): boolean {
  const { condition, result } = report;
  const isCondition = result === 'reached' && typeof condition === 'object' && condition.target === name;
  return phase === 'FAILED' && !isCondition && !isOutdated(report);
}

/** Whether the states of the targets say nothing about now. A result rests on current or final states. */
function isOutdated(report: WaitReport): boolean {
  return isStale(report) && report.result !== 'failed' && report.result !== 'reached';
}

function testCase(target: TargetFields, isFailure: boolean, report: WaitReport): TestCase {
  const { name, resources, phase, durationSeconds, secondsToReady } = target;
  const time = durationSeconds ?? secondsToReady;
  const attributes = { name: lineText(name), classname: lineText(resources.join(', ') || name), time };
  if (isFailure) {
    const message = describeTarget(target, report);
    const text = phase === 'WAITING' ? message : fullText(target);
    const failure = element('failure', { type: phase, message }, text);
    const help = formatTargetHelp(findCause(target, report), report);
    const output = systemOut([...formatExcerpt(target, report), ...help]);
    return { kind: 'failure', xml: element('testcase', attributes, [failure, ...output]) };
  }
  if (phase === 'READY' || phase === 'SUCCEEDED')
    return { kind: 'passed', xml: element('testcase', attributes) };
  const skipped = element('skipped', { message: describeSkipped(target, report) });
  const output = systemOut(formatExcerpt(target, report));
  return { kind: 'skipped', xml: element('testcase', attributes, [skipped, ...output]) };
}

function describeSkipped(target: TargetFields, report: WaitReport): string | null {
  if (target.phase === 'FAILED' && isOutdated(report)) {
    return `last known state: ${describeTarget(target, report)}`;
  }
  return target.rootCause || target.phase === 'UNTRIGGERED' ? describeTarget(target, report) : null;
}

function systemOut(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [element('system-out', {}, lines.join('\n'))];
}

function waitCase({ condition, result, reason, tookMs }: WaitReport, classname: string): TestCase {
  const message = lineText(reason);
  const attributes = { name: `wait ${describeCondition(condition)}`, classname, time: tookMs / 1_000 };
  const failure = element('failure', { type: result, message }, message);
  return { kind: 'failure', xml: element('testcase', attributes, [failure]) };
}

/**
 * Formats an XML element.
 *
 * @param attributes null values are omitted
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

/** Not allowed in XML 1.0, not even escaped: control characters, lone surrogates and two non-characters. */
const FORBIDDEN = /[^\P{Cc}\t\n\r\u007f-\u009f]|\p{Cs}|[\ufffe\uffff]/gu;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
