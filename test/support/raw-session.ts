import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';

/** A JSON object that has not been decoded. */
export type Json = Record<string, unknown>;

/** Fields that replace or extend those of {@link rawSession}, per section. */
export interface SessionOverrides {
  readonly metadata?: Json;
  readonly spec?: Json;
  readonly status?: Json;
}

/** Creates a raw `tilt.dev/v1alpha1` Session of a running `tilt up`. Default: no targets. */
export function rawSession({ metadata, spec, status }: SessionOverrides = {}): Json {
  return {
    kind: 'Session',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: { name: 'Tiltfile', uid: 'uid-1', resourceVersion: '1', ...metadata },
    spec: { tiltfilePath: '/home/dev/shop/Tiltfile', exitCondition: 'manual', ...spec },
    status: { pid: 1234, startTime: '2026-11-22T11:42:22.642252Z', targets: [], done: false, ...status },
  };
}

/** Creates a {@link rawSession} and decodes it. */
export function decodeRawSession(overrides: SessionOverrides = {}, instance = 'tilt-default'): Session {
  return decodeSession(rawSession(overrides), instance);
}

/**
 * Creates a raw target with the type Tilt would use: `<resource>:update` is a job, any other name a server.
 */
export function rawTarget(name: string, state: Json = {}): Json {
  return {
    name,
    type: name.endsWith(':update') ? 'job' : 'server',
    resources: [name.replace(/:[^:]*$/, '')],
    state,
  };
}

const startTime = '2026-11-22T11:42:23.134561Z';
const finishTime = '2026-11-22T11:42:25.389910Z';

/** A raw target state for each phase, for {@link rawTarget}. */
export const RAW_STATES = {
  inactive: {},
  disabled: { disabled: {} },
  waiting: { waiting: { waitReason: 'waiting-for-deps' } },
  running: { active: { startTime, ready: false, lastReadyTime: null } },
  ready: { active: { startTime, ready: true, lastReadyTime: finishTime } },
  succeeded: { terminated: { startTime, finishTime } },
  failed: { terminated: { startTime, finishTime, error: 'exit status 1' } },
  retrying: { terminated: { startTime, finishTime: null, error: 'crash', graceStatus: 'Tolerated' } },
} as const;
