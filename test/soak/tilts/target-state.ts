import type { Phase } from '../model/model-state.js';

/** State of a target in Tilt's JSON, and the detail that distinguishes it from other states of its phase. */
export interface DetailedState {
  readonly state: Readonly<Record<string, unknown>>;
  readonly detail: string;
}

/**
 * Creates a state that contains a number wherever possible, so that states of the same phase differ.
 *
 * @param padding text added to reasons and errors, to make them as long as real ones
 */
export function buildState(phase: Phase, number: number, padding = ''): DetailedState {
  const text = `n${String(number).padStart(9, '0')}${padding}`;
  const time = timeOf(number);
  const ended = { startTime: START, finishTime: time };
  switch (phase) {
    case 'INACTIVE':
      return { state: {}, detail: '' };
    case 'DISABLED':
      return { state: { disabled: {} }, detail: '' };
    case 'WAITING':
      return { state: { waiting: { waitReason: text } }, detail: text };
    case 'RUNNING':
      return { state: { active: { startTime: time, ready: false, lastReadyTime: null } }, detail: time };
    case 'READY':
      return { state: { active: { startTime: START, ready: true, lastReadyTime: time } }, detail: time };
    case 'SUCCEEDED':
      return { state: { terminated: ended }, detail: time };
    case 'FAILED':
      return { state: { terminated: { ...ended, error: text } }, detail: text };
    case 'RETRYING':
      return { state: { terminated: { ...ended, error: text, graceStatus: 'Tolerated' } }, detail: text };
  }
}

const START = '2026-11-22T11:00:00.000000Z';

/** Start time plus `number` microseconds. */
function timeOf(number: number): string {
  const seconds = new Date(Date.parse(START) + Math.floor(number / 1e6) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(number % 1e6).padStart(6, '0')}Z`;
}
