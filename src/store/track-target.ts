import type { MicroTime } from '../model/micro-time.js';
import { type SessionId, type Target, targetIdOf } from '../model/session.js';
import { phaseOf } from '../model/verdict.js';
import { sameState, sameStrings } from './diff.js';
import { phaseStart } from './phase-start.js';
import { trackReadiness } from './readiness.js';
import { type TrackedTarget, withTransition } from './record.js';

/**
 * A target with what the gateway has seen of it: when its phase began, its first readiness, its changes of phase.
 *
 * @param previous the target before; null when it was not known
 * @param time when this state was seen, by the gateway's clock
 */
export function trackTarget(
  session: SessionId,
  previous: TrackedTarget | null,
  target: Target,
  time: MicroTime,
): TrackedTarget {
  const phase = phaseOf(target);
  if (previous === null) {
    const { state } = target;
    const readiness = trackReadiness(null, state);
    return {
      ...target,
      id: targetIdOf(session, target.key),
      since: phaseStart(null, phase, state, time),
      readiness,
      history: [{ time, phase, state, readiness }],
    };
  }
  // What is equal is taken over: the journal keeps older states of a target beside the newest.
  const state = sameState(previous.state, target.state) ? previous.state : target.state;
  const readiness = trackReadiness(previous.readiness, state);
  const before = { target: previous, phase: phaseOf(previous) };
  return {
    ...target,
    name: previous.name,
    key: previous.key,
    resources: sameStrings(previous.resources, target.resources) ? previous.resources : target.resources,
    state,
    id: previous.id,
    since: phaseStart(before, phase, state, time),
    readiness,
    history:
      before.phase === phase
        ? previous.history
        : withTransition(previous.history, { time, phase, state, readiness }),
  };
}
