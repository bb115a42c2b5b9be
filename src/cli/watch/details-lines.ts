import type { ResourceFields, TargetsView } from '../../client/client.js';
import {
  formatLogsCommand,
  formatTriggerCommand,
  isLogPrinted,
  toReachable,
} from '../../client/tilt-commands.js';
import { describeState, findChain, findWaiting } from '../../client/waits.js';
import { joinNames, plainText } from '../../model/plain-text.js';
import { terminalText } from '../text.js';
import { type KnownResources, noteOf, type TargetRow } from './rows.js';

/** Line of the details: a heading and its text. Further lines of the same heading have none. */
export interface DetailsLine {
  readonly heading: string;
  readonly text: string;
}

/**
 * Describes a target: what it waits for and why, its resources with labels and links, Tilt's page and the
 * command that prints its log while Tilt runs, and its error.
 *
 * @param maxLines maximum number of lines; a longer error loses its first lines
 */
export function toDetails(
  { target, name, time }: TargetRow,
  { targets, session }: Pick<TargetsView, 'targets' | 'session'>,
  resources: KnownResources,
  maxLines: number,
): DetailsLine[] {
  const { phase } = target;
  const reachable = toReachable(resources, session);
  const own = target.resources.flatMap((resource) => reachable.get(resource) ?? []);
  const printed = session !== null && isLogPrinted(session) ? ['in the output of tilt ci'] : [];
  const facts = [
    ...section('target', [`${name}  ${phase}${time === '' ? '' : `  ${time}`}`]),
    ...section('status', [noteOf(target, targets)]),
    ...section('chain', chainLines(target, targets)),
    ...section('blocks', listNames(findWaiting(target.name, targets))),
    ...section('resource', own.map(resourceLine)),
    ...section('links', own.flatMap(linkLines)),
    ...section(
      'Tilt',
      own.flatMap(({ tiltUrl }) => tiltUrl ?? []),
    ),
    ...section('log', [
      ...own.flatMap((resource) => formatLogsCommand(resource.tiltUrl, resource.name) ?? []),
      ...printed,
    ]),
    ...section(
      'trigger',
      own.flatMap((resource) =>
        phase === 'UNTRIGGERED' ? (formatTriggerCommand(resource.tiltUrl, resource.name) ?? []) : [],
      ),
    ),
  ];
  const error = errorLines(target);
  return [...facts, ...section('error', error.slice(-Math.max(1, maxLines - facts.length)))].slice(
    0,
    maxLines,
  );
}

function section(heading: string, texts: readonly string[]): DetailsLine[] {
  return texts.map((text, index) => ({ heading: index === 0 ? heading : '', text: terminalText(text) }));
}

/** Maximum number of targets in a chain or list. */
const MAX_LISTED = 8;

/** The target and what blocks it, one line each, down to the root cause. */
function chainLines(target: TargetRow['target'], targets: TargetsView['targets']): string[] {
  const lines = findChain(target, targets).map((link, depth) => {
    const state = link.target ? `  ${link.target.phase}  ${describeState(link.target)}` : '';
    return `${depth === 0 ? '' : '← '}${link.name}${state}`;
  });
  const last = lines.at(-1);
  if (last === undefined || lines.length <= MAX_LISTED) return lines;
  return [...lines.slice(0, MAX_LISTED - 2), `… ${lines.length - MAX_LISTED + 1} more`, last];
}

function listNames(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [joinNames(names, MAX_LISTED)];
}

function resourceLine({
  name,
  labels,
  kind,
  triggerMode,
  hasPendingChanges,
  queued,
}: ResourceFields): string {
  const parts = [
    kind === null || kind === 'UNKNOWN' ? '' : kind.toLowerCase(),
    labels === null || labels.length === 0 ? '' : `labels ${labels.join(', ')}`,
    triggerMode === null ? '' : (TRIGGER_MODES[triggerMode] ?? ''),
    hasPendingChanges ? 'pending changes' : '',
    queued ? 'queued' : '',
  ];
  return [name, ...parts.filter((part) => part !== '')].join('; ');
}

const TRIGGER_MODES: Readonly<Record<NonNullable<ResourceFields['triggerMode']>, string | null>> = {
  AUTO: null,
  AUTO_WITH_MANUAL_INIT: 'first run by hand',
  MANUAL: 'runs only by hand',
  MANUAL_WITH_AUTO_INIT: 'changes only by hand',
  UNKNOWN: null,
};

function linkLines({ links }: ResourceFields): string[] {
  return (links ?? []).map(({ name, url }) => (name === null ? url : `${url}  ${name}`));
}

function errorLines({ state }: TargetRow['target']): string[] {
  const error = state?.__typename === 'TargetStateTerminated' ? state.error : null;
  return plainText(error ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '');
}
