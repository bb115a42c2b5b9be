import { headlineOf, plainText } from '../../model/plain-text.js';
import type { Session, Target, TargetPhase } from './types.js';

/** How something is to be looked at; each has its colour, and never its colour alone. */
export type Tone = 'ok' | 'bad' | 'busy' | 'warn' | 'idle' | 'off';

/** How a phase is shown. */
export interface PhaseLook {
  readonly word: string;
  readonly tone: Tone;
  /** The name of its count in a Session. */
  readonly count: keyof Session['counts'];
}

/** The look of each phase, those first that need a person. */
export const PHASE_LOOKS: Readonly<Record<TargetPhase, PhaseLook>> = {
  FAILED: { word: 'Failed', tone: 'bad', count: 'failed' },
  RETRYING: { word: 'Retrying', tone: 'warn', count: 'retrying' },
  RUNNING: { word: 'Running', tone: 'busy', count: 'running' },
  WAITING: { word: 'Waiting', tone: 'idle', count: 'waiting' },
  READY: { word: 'Ready', tone: 'ok', count: 'ready' },
  SUCCEEDED: { word: 'Succeeded', tone: 'ok', count: 'succeeded' },
  DISABLED: { word: 'Disabled', tone: 'off', count: 'disabled' },
  INACTIVE: { word: 'Inactive', tone: 'off', count: 'inactive' },
};

/** Every phase, in the same order. */
export const PHASES: readonly TargetPhase[] = Object.keys(PHASE_LOOKS).filter(isPhase);

/** Whether a word is a phase's name. */
export function isPhase(word: string): word is TargetPhase {
  return Object.hasOwn(PHASE_LOOKS, word);
}

/** Why a target is in its phase: what it waits for, what went wrong. One line of plain text; empty where the phase says all. */
export function reasonOf({ state }: Pick<Target, 'state'>): string {
  switch (state?.__typename) {
    case 'TargetStateWaiting':
      return WAIT_REASONS.get(state.waitReason) ?? plainText(state.waitReason);
    case 'TargetStateTerminated':
      return headlineOf(state.error ?? '');
    default:
      return '';
  }
}

/** Tilt's words for what a target waits for, in words for people. */
const WAIT_REASONS: ReadonlyMap<string, string> = new Map([
  ['initial-build', 'first in line'],
  ['tiltfile-reload', 'the Tiltfile is loading'],
  ['waiting-for-dep', 'waits for what it depends on'],
  ['waiting-for-local', 'waits for a local job'],
  ['waiting-for-pod', 'waits for its pod'],
  ['unknown', ''],
]);
