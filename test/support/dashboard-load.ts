import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { explained, resourceFacts, waitingOn } from './resource-facts.js';
import { sessionJson } from './session-json.js';

/** Number of targets of the big Session: two per resource. */
export const TARGET_COUNT = 500;

/** Number of resources of the explained Session, each with two targets. */
export const RESOURCE_COUNT = 500;

/** Number of different labels in the explained Session. */
const LABEL_COUNT = 20;

/** Number of resources of which each waits for the one before it. */
const CHAIN_LENGTH = 10;

/** Creates the big Session after `update` updates, each of which changes the state of `changing` targets. */
export function bigSession(update: number, changing: number, count = TARGET_COUNT): Session {
  const targets = Array.from({ length: count }, (_, index) =>
    createTarget(index, countTransitions(index, update, changing, count)),
  );
  return decodeSession(sessionJson({ uid: 'big', targets }), 'big');
}

/** Like {@link bigSession}, with facts: labels, blockers, and one resource that changes with each update. */
export function explainedSession(update: number, changing: number): Session {
  const resources = Array.from({ length: RESOURCE_COUNT }, (_, index) =>
    resourceFacts(resourceName(index), {
      order: index,
      labels: [`team-${index % LABEL_COUNT}`],
      hasPendingChanges: update % RESOURCE_COUNT === index,
      waitingOn: index % CHAIN_LENGTH === 0 ? [] : waitingOn(resourceName(index - 1)),
    }),
  );
  return explained(bigSession(update, changing, 2 * RESOURCE_COUNT), resources);
}

/** Counts the state changes of a target. Updates change the targets in turn, `changing` at a time. */
function countTransitions(index: number, update: number, changing: number, count: number): number {
  return Math.max(0, Math.ceil((update * changing - index) / count));
}

function resourceName(index: number): string {
  return `resource-${String(index).padStart(3, '0')}`;
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
  const resource = resourceName(Math.floor(index / 2));
  return {
    name: `${resource}:${index % 2 === 0 ? 'serve' : 'update'}`,
    type: index % 2 === 0 ? 'server' : 'job',
    resources: [resource],
    state: STATES[(index + transitions) % STATES.length],
  };
}
