import { type BlockingPhase, findBlockers } from '../../model/phase.js';
import { plainText, shortenError } from '../../model/plain-text.js';
import type { Session, Target, TargetPhase } from './types.js';

/** Visual meaning. Each has its color, and is always shown with an icon or a word too. */
export type Tone = 'ok' | 'bad' | 'busy' | 'warn' | 'ask' | 'idle' | 'off';

/** Presentation of a phase. */
export interface PhaseLook {
  readonly word: string;
  readonly tone: Tone;
  /** Name of its counter in a Session. */
  readonly count: keyof Session['counts'];
}

/** The presentation of each phase, those that need attention first. */
export const PHASE_LOOKS: Readonly<Record<TargetPhase, PhaseLook>> = {
  FAILED: { word: 'Failed', tone: 'bad', count: 'failed' },
  RETRYING: { word: 'Retrying', tone: 'warn', count: 'retrying' },
  RUNNING: { word: 'Running', tone: 'busy', count: 'running' },
  WAITING: { word: 'Waiting', tone: 'idle', count: 'waiting' },
  UNTRIGGERED: { word: 'Needs trigger', tone: 'ask', count: 'untriggered' },
  READY: { word: 'Ready', tone: 'ok', count: 'ready' },
  SUCCEEDED: { word: 'Succeeded', tone: 'ok', count: 'succeeded' },
  DISABLED: { word: 'Disabled', tone: 'off', count: 'disabled' },
  INACTIVE: { word: 'Inactive', tone: 'off', count: 'inactive' },
};

/** All phases, in the same order. */
export const PHASES: readonly TargetPhase[] = Object.keys(PHASE_LOOKS).filter(isPhase);

/** Whether a word is the name of a phase. */
export function isPhase(word: string): word is TargetPhase {
  return Object.hasOwn(PHASE_LOOKS, word);
}

/**
 * Describes why a target is in its phase, in one line of plain text: of an error its informative end. Empty
 * when there is nothing to add.
 */
export function describeReason({ state, phase }: Pick<Target, 'state' | 'phase'>): string {
  if (phase === 'UNTRIGGERED') return 'files changed; waits for a trigger';
  switch (state?.__typename) {
    case 'TargetStateWaiting':
      return WAIT_REASONS.get(state.waitReason) ?? plainText(state.waitReason);
    case 'TargetStateTerminated':
      return shortenError(state.error ?? '', MAX_REASON);
    default:
      return '';
  }
}

/** Longest error in a row, in characters. */
const MAX_REASON = 160;

/** Tilt's wait reasons in plain English. */
const WAIT_REASONS: ReadonlyMap<string, string> = new Map([
  ['config-changed', 'its definition in the Tiltfile has changed'],
  ['initial-build', 'waiting for its first build'],
  ['is-unparallelizable-local', 'waiting for other local jobs: it runs alone'],
  ['reconciling', 'Tilt is applying its objects'],
  ['tiltfile-reload', 'the Tiltfile is loading'],
  ['waiting-for-cluster', 'waiting for the Kubernetes cluster'],
  ['waiting-for-dep', 'waiting for its dependencies'],
  ['waiting-for-deploy', 'waiting for its deployment'],
  ['waiting-for-local', 'waiting for a local job'],
  ['waiting-for-pod', 'waiting for its pod'],
  ['waiting-for-uncategorized', 'waiting for uncategorized objects'],
  ['unknown', ''],
]);

/** A part of a progress bar. */
interface ProgressPart extends Pick<PhaseLook, 'word' | 'tone'> {
  readonly count: number;
  /** Share of the whole, from 0 to 1. */
  readonly share: number;
}

/** Progress of a Session. */
interface Progress {
  /** Number of targets that are ready or have succeeded. */
  readonly done: number;
  /** Number of targets, without inactive, disabled and untriggered ones. */
  readonly total: number;
  /** The non-empty parts, done ones first. */
  readonly parts: readonly ProgressPart[];
  /** `5 of 8 done, 1 failed, 2 waiting, 1 to trigger` */
  readonly label: string;
}

const PROGRESS_ORDER: readonly TargetPhase[] = [
  'SUCCEEDED',
  'READY',
  'RUNNING',
  'RETRYING',
  'FAILED',
  'WAITING',
];

/** Computes the progress of a Session from the number of targets in each phase. */
export function computeProgress(counts: Session['counts']): Progress {
  const total = counts.total - counts.inactive - counts.disabled - counts.untriggered;
  const done = counts.succeeded + counts.ready;
  const parts = PROGRESS_ORDER.map((phase) => PHASE_LOOKS[phase])
    .map(({ word, tone, count }) => ({ word, tone, count: counts[count] }))
    .filter(({ count }) => count > 0)
    .map((part) => ({ ...part, share: part.count / total }));
  const others = parts
    .filter(({ tone }) => tone !== 'ok')
    .map(({ count, word }) => `${count} ${word.toLowerCase()}`);
  if (counts.untriggered > 0) others.push(`${counts.untriggered} to trigger`);
  return { done, total, parts, label: [`${done} of ${total} done`, ...others].join(', ') };
}

/** Targets in one phase that block a Session's verdict, or wait for a person. */
interface BlockerGroup {
  readonly phase: TargetPhase;
  readonly title: string;
  readonly targets: readonly Target[];
  /** Number of further targets that are not listed. */
  readonly more: number;
}

const MAX_BLOCKERS_LISTED = 5;

/**
 * Groups the targets that block a Session's verdict by phase, those that need attention first. Targets that
 * wait for a person are last: they do not block it.
 */
export function groupBlockers(targets: readonly Target[]): BlockerGroup[] {
  const found: Readonly<Record<BlockingPhase | 'untriggered', readonly Target[]>> = {
    ...findBlockers(targets, ({ phase }) => phase),
    untriggered: targets.filter(({ phase }) => phase === 'UNTRIGGERED'),
  };
  return BLOCKER_GROUPS.flatMap(([key, phase, title]) => {
    const all = found[key];
    if (all.length === 0) return [];
    const listed = all.slice(0, MAX_BLOCKERS_LISTED);
    return [{ phase, title, targets: listed, more: all.length - listed.length }];
  });
}

const BLOCKER_GROUPS: readonly (readonly [BlockingPhase | 'untriggered', TargetPhase, string])[] = [
  ['failed', 'FAILED', 'Failed'],
  ['retrying', 'RETRYING', 'Retrying'],
  ['running', 'RUNNING', 'Not ready'],
  ['waiting', 'WAITING', 'Waiting'],
  ['untriggered', 'UNTRIGGERED', 'Needs trigger'],
];
