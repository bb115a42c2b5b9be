import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { sessionJson } from './session-json.js';

/** Number of targets of the big Session: two per resource. */
export const TARGET_COUNT = 500;

/** Creates the big Session after `update` updates, each of which changes the state of `changing` targets. */
export function bigSession(update: number, changing: number): Session {
  const targets = Array.from({ length: TARGET_COUNT }, (_, index) =>
    createTarget(index, countTransitions(index, update, changing)),
  );
  return decodeSession(sessionJson({ uid: 'big', targets }), 'big');
}

/** Counts the state changes of a target. Updates change the targets in turn, `changing` at a time. */
function countTransitions(index: number, update: number, changing: number): number {
  return Math.max(0, Math.ceil((update * changing - index) / TARGET_COUNT));
}

const STATES = [
  { waiting: { waitReason: 'waiting-for-dep' } },
  { active: { startTime: '2026-11-22T11:00:00.000001Z', ready: false } },
  {
    active: {
      startTime: '2026-11-22T11:00:00.000001Z',
      ready: true,
      lastReadyTime: '2026-11-22T11:00:01.5Z',
    },
  },
  { terminated: { startTime: '2026-11-22T11:00:00.000001Z', finishTime: '2026-11-22T11:00:02.25Z' } },
  {
    terminated: {
      startTime: '2026-11-22T11:00:00.000001Z',
      finishTime: '2026-11-22T11:00:02.25Z',
      error: 'exit status 1',
    },
  },
];

function createTarget(index: number, transitions: number): object {
  const resource = `resource-${String(Math.floor(index / 2)).padStart(3, '0')}`;
  return {
    name: `${resource}:${index % 2 === 0 ? 'serve' : 'update'}`,
    type: index % 2 === 0 ? 'server' : 'job',
    resources: [resource],
    state: STATES[(index + transitions) % STATES.length],
  };
}
