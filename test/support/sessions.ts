import { decodeSession } from '../../src/model/decode.js';
import { DEMO_ANNOTATION, type Session } from '../../src/model/session.js';
import { type SessionJsonOptions, sessionJson } from './session-json.js';

/** Target states in wire format. */
export const states = {
  inactive: {},
  disabled: { disabled: {} },
  waiting: { waiting: { waitReason: 'on-dep' } },
  running: { active: { startTime: '2026-11-22T11:00:00.000001Z', ready: false } },
  ready: {
    active: {
      startTime: '2026-11-22T11:00:00.000001Z',
      ready: true,
      lastReadyTime: '2026-11-22T11:00:01.500001Z',
    },
  },
  succeeded: terminated({}),
  failed: terminated({ error: 'exit status 1' }),
  retrying: terminated({ error: 'exit status 1', graceStatus: 'Tolerated' }),
} as const;

/** State names by target name: `{ 'api:serve': 'ready' }`. */
export type TargetStates = Readonly<Record<string, keyof typeof states>>;

/** Creates a decoded Session of an instance, with these targets and `tiltfile:update`. */
export function session(
  instance: string,
  targets: TargetStates = {},
  { uid = 'run-1', ...options }: Omit<SessionJsonOptions, 'targets'> = {},
): Session {
  const list = Object.entries({ ...targets, 'tiltfile:update': 'succeeded' as const })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, state]) => ({
      name,
      type: name.endsWith(':update') ? 'job' : 'server',
      resources: [name.replace(/:.*/, '')],
      state: states[state],
    }));
  return decodeSession(sessionJson({ ...options, uid, targets: list }), instance);
}

/** Returns the Session marked as the built-in demo. */
export function asDemo(of: Session): Session {
  return { ...of, metadata: { ...of.metadata, annotations: [{ key: DEMO_ANNOTATION, value: 'true' }] } };
}

/** Returns the Session as one of `tilt ci`. */
export function asCi(of: Session): Session {
  return { ...of, spec: { ...of.spec, exitCondition: 'ci', exitConditionText: 'ci' } };
}

function terminated(more: object): object {
  return {
    terminated: {
      startTime: '2026-11-22T11:00:00.000001Z',
      finishTime: '2026-11-22T11:00:02.250002Z',
      ...more,
    },
  };
}
