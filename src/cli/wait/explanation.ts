import type { ResourceFields, TargetFields } from '../../client/client.js';
import { formatAnyTiltCommand, hasExited, isLogPrinted } from '../../client/tilt-commands.js';
import { type ChainLink, describeBlockers, describeState, findChain } from '../../client/waits.js';
import { RESOURCE_KIND } from '../../model/explanation.js';
import { joinNames } from '../../model/plain-text.js';
import { lineText, rankOf, statusLine } from '../text.js';
import {
  findAwaited,
  findFailed,
  isSelected,
  isStale,
  sessionOf,
  targetsOf,
  type WaitReport,
  type WaitResult,
} from './wait-report.js';

// Why a wait did not succeed: the chains from targets to their root causes, and where to look further.

/** Error or activity of a target in one line; for a waiting target, the chain to what it waits for. */
export function describeTarget(target: TargetFields, report: WaitReport): string {
  return lineText(describeWait(target, report) ?? statusLine(target));
}

function describeWait(target: TargetFields, report: WaitReport): string | null {
  if (target.phase === 'UNTRIGGERED') return describeState(target);
  if (target.phase !== 'WAITING' || report.view === null) return null;
  const { targets } = report.view;
  const chain = findChain(target, targets);
  if (chain.length > 1) return describeChain(chain);
  const what = describeBlockers(target, targets) ?? describeObjects(target, report);
  return what === null ? null : `${resourceOf(target)} ${what}`;
}

/** Maximum number of waits in a description. A longer chain omits those in the middle. */
const MAX_WAITS = 6;

/** Describes a chain: `e2e waits for web, web waits for api, api failed: exit status 4`. */
function describeChain(chain: readonly ChainLink[]): string {
  const names = chain.map(({ name, target }) => (target === null ? name : resourceOf(target)));
  const waits = names.slice(1).map((name, index) => `${names[index]} waits for ${name}`);
  const shown =
    waits.length > MAX_WAITS ? waits.toSpliced(MAX_WAITS / 2, waits.length - MAX_WAITS, '…') : waits;
  const cause = chain.at(-1)?.target ?? null;
  return [...shown, ...(cause === null ? [] : [`${names.at(-1)} ${toPredicate(cause)}`])].join(', ');
}

/** Phases whose description is a predicate by itself: `failed: exit status 4`. */
const PREDICATES: ReadonlySet<TargetFields['phase']> = new Set([
  'FAILED',
  'SUCCEEDED',
  'UNTRIGGERED',
  'INACTIVE',
]);

function toPredicate(target: TargetFields): string {
  return PREDICATES.has(target.phase) ? describeState(target) : `is ${describeState(target)}`;
}

/** Objects other than resources that a target waits for: `waits for Cluster/default`. */
function describeObjects({ resources }: TargetFields, report: WaitReport): string | null {
  const objects = resources
    .flatMap((name) => findResource(name, report)?.waitingOn ?? [])
    .flatMap(({ kind, name }) => (kind === RESOURCE_KIND ? [] : [`${kind}/${name}`]));
  return objects.length === 0 ? null : `waits for ${joinNames(objects, MAX_NAMES)}`;
}

/** Targets that wait for a failed one, if the wait failed because of it. */
export function findBlocked(report: WaitResult): TargetFields[] {
  if (report.result !== 'failed') return [];
  const failed = new Set(targetsOf(report).flatMap(({ phase, name }) => (phase === 'FAILED' ? [name] : [])));
  return targetsOf(report).filter(
    (target) =>
      target.phase === 'WAITING' &&
      isSelected(target, report.condition) &&
      failed.has(target.rootCause?.name ?? ''),
  );
}

/** Maximum number of root causes in a report. */
const MAX_CAUSES = 5;

/**
 * Finds the root causes of a result: the failed targets, and the last target in the chain of each blocked or
 * awaited target. Returns one target per resource, the most urgent first.
 */
export function findCauses(report: WaitResult): TargetFields[] {
  const { result, view } = report;
  if (view === null || result === 'reached' || result === 'unknown' || result === 'impossible') return [];
  const awaited = isStale(report) ? [] : findAwaited(report);
  const subjects = result === 'failed' ? [...findFailed(report), ...findBlocked(report)] : awaited;
  const causes = new Map<string, TargetFields>();
  for (const subject of subjects) {
    const cause = findCause(subject, report);
    if (!causes.has(resourceOf(cause))) causes.set(resourceOf(cause), cause);
  }
  return [...causes.values()].sort((a, b) => causeRank(a) - causeRank(b)).slice(0, MAX_CAUSES);
}

/** Root cause of a target, or the target itself if it has none. */
export function findCause(target: TargetFields, { view }: WaitResult): TargetFields {
  return view?.targets.get(target.rootCause?.name ?? '') ?? target;
}

/** Ranks waiting targets last: as a root cause, they do not explain what they wait for. */
function causeRank({ phase }: TargetFields): number {
  return phase === 'WAITING' ? rankOf('DISABLED') + 1 : rankOf(phase);
}

/** Commands and links that help to investigate a result, one line each. */
export function formatHelp(report: WaitReport): string[] {
  const session = sessionOf(report);
  const causes = findCauses(report);
  // An exited Tilt serves no log, but `tilt ci` has printed it.
  if (session !== null && isLogPrinted(session) && causes.length > 0)
    return ['the log is in the output of tilt ci'];
  return causes.flatMap((cause) => formatTargetHelp(cause, report));
}

/**
 * Help for a root cause, one line each: the command that prints its log (for an inactive target, the command
 * that triggers it), and a link to its page in Tilt's UI or to its endpoint. Empty for the demo, once Tilt
 * has exited, and for an untriggered target, which {@link formatTriggers} describes.
 */
export function formatTargetHelp(cause: TargetFields, report: WaitReport): string[] {
  const session = sessionOf(report);
  if (session === null || session.isDemo || hasExited(session) || cause.phase === 'UNTRIGGERED') return [];
  const name = resourceOf(cause);
  const resource = findResource(name, report);
  const url = resource?.tiltUrl ?? resource?.links?.[0]?.url ?? null;
  const isInactive = cause.phase === 'INACTIVE';
  const command = formatAnyTiltCommand(isInactive ? 'trigger' : 'logs', resource?.tiltUrl ?? null, name);
  const lines = [
    `${isInactive ? 'start' : 'log of'} ${name}: ${command}`,
    ...(url === null ? [] : [`${resource?.tiltUrl === url ? 'page' : 'endpoint'} of ${name}: ${url}`]),
  ];
  return lines.map(lineText);
}

/**
 * Names the resources that wait for a trigger, and the command that starts the first one. Null without such
 * resources, and if their state may be out of date.
 */
export function formatTriggers(report: WaitReport): string | null {
  const session = sessionOf(report);
  if (session === null || isStale(report) || hasExited(session)) return null;
  const names = [
    ...new Set(
      targetsOf(report).flatMap((target) => (target.phase === 'UNTRIGGERED' ? [resourceOf(target)] : [])),
    ),
  ];
  const [first] = names;
  if (first === undefined) return null;
  const tiltUrl = findResource(first, report)?.tiltUrl ?? null;
  const command = session.isDemo ? '' : `; run "${formatAnyTiltCommand('trigger', tiltUrl, first)}"`;
  return lineText(`waiting for a trigger: ${joinNames(names, MAX_NAMES)}${command}`);
}

function findResource(name: string, { resources }: WaitReport): ResourceFields | undefined {
  return resources?.find((resource) => resource.name === name);
}

function resourceOf({ resources, name }: TargetFields): string {
  return resources[0] ?? name;
}

/** Maximum number of names in a line. */
const MAX_NAMES = 10;
