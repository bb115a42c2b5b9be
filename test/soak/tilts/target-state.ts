import type { Phase } from '../model/truth.js';

/** A target's state on the wire, and what tells it from others of its phase. */
export interface StampedState {
  readonly state: Readonly<Record<string, unknown>>;
  readonly stamp: string;
}

/**
 * The state of a phase with a number in it, wherever there is room for one: no two of the same phase are equal.
 *
 * @param padding goes in where there is room for a text: what makes an error as long as they are in life
 */
export function stateOf(phase: Phase, number: number, padding = ''): StampedState {
  const text = `n${String(number).padStart(9, '0')}${padding}`;
  const time = timeOf(number);
  const ended = { startTime: START, finishTime: time };
  switch (phase) {
    case 'INACTIVE':
      return { state: {}, stamp: '' };
    case 'DISABLED':
      return { state: { disabled: {} }, stamp: '' };
    case 'WAITING':
      return { state: { waiting: { waitReason: text } }, stamp: text };
    case 'RUNNING':
      return { state: { active: { startTime: time, ready: false, lastReadyTime: null } }, stamp: time };
    case 'READY':
      return { state: { active: { startTime: START, ready: true, lastReadyTime: time } }, stamp: time };
    case 'SUCCEEDED':
      return { state: { terminated: ended }, stamp: time };
    case 'FAILED':
      return { state: { terminated: { ...ended, error: text } }, stamp: text };
    case 'RETRYING':
      return { state: { terminated: { ...ended, error: text, graceStatus: 'Tolerated' } }, stamp: text };
  }
}

const START = '2026-11-22T11:00:00.000000Z';

/** So many microseconds after the start. */
function timeOf(number: number): string {
  const seconds = new Date(Date.parse(START) + Math.floor(number / 1e6) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(number % 1e6).padStart(6, '0')}Z`;
}
