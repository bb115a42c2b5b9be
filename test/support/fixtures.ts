import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { readWatchRecording, type WATCH_RECORDINGS } from './recording.js';

/** A JSON object, not decoded. */
export type Json = Record<string, unknown>;

/** The name of a recorded watch of a real Tilt. */
export type RecordingName = (typeof WATCH_RECORDINGS)[number];

/** One line of a recorded watch. */
export interface RecordedEvent {
  /** Milliseconds since the watch opened. */
  readonly ms: number;
  readonly type: string;
  /** The Session as it came, not decoded. */
  readonly object: Json;
}

/** The events of a recorded watch, in order. */
export function recording(name: RecordingName): RecordedEvent[] {
  return readWatchRecording(name).map(({ ms, line }) => {
    const { type, object }: { type: string; object: Json } = JSON.parse(line);
    return { ms, type, object };
  });
}

/** The last Session of a recorded watch, not decoded. */
export function lastObject(name: RecordingName): Json {
  const last = recording(name).at(-1);
  if (!last) throw new Error(`The recording ${name} is empty.`);
  return last.object;
}

/** What differs from {@link sessionJson}'s Session: laid over its metadata, spec and status, field by field. */
export interface SessionOverrides {
  readonly metadata?: Json;
  readonly spec?: Json;
  readonly status?: Json;
}

/** A raw `tilt.dev/v1alpha1` Session: of `tilt up`, live, without targets unless given. */
export function sessionJson({ metadata, spec, status }: SessionOverrides = {}): Json {
  return {
    kind: 'Session',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: { name: 'Tiltfile', uid: 'uid-1', resourceVersion: '1', ...metadata },
    spec: { tiltfilePath: '/home/dev/shop/Tiltfile', exitCondition: 'manual', ...spec },
    status: { pid: 1234, startTime: '2026-11-22T11:42:22.642252Z', targets: [], done: false, ...status },
  };
}

/** The same Session, decoded. */
export function session(overrides: SessionOverrides = {}, instance = 'tilt-default'): Session {
  return decodeSession(sessionJson(overrides), instance);
}

/** A raw target, as Tilt makes them: `<resource>:update` is a job, anything else a server. */
export function targetJson(name: string, state: Json = {}): Json {
  return {
    name,
    type: name.endsWith(':update') ? 'job' : 'server',
    resources: [name.replace(/:[^:]*$/, '')],
    state,
  };
}

const startTime = '2026-11-22T11:42:23.134561Z';
const finishTime = '2026-11-22T11:42:25.389910Z';

/** A raw state for each phase of a target, for {@link targetJson}. */
export const STATES = {
  inactive: {},
  disabled: { disabled: {} },
  waiting: { waiting: { waitReason: 'waiting-for-deps' } },
  running: { active: { startTime, ready: false, lastReadyTime: null } },
  ready: { active: { startTime, ready: true, lastReadyTime: finishTime } },
  succeeded: { terminated: { startTime, finishTime } },
  failed: { terminated: { startTime, finishTime, error: 'exit status 1' } },
  retrying: { terminated: { startTime, finishTime: null, error: 'crash', graceStatus: 'Tolerated' } },
} as const;
