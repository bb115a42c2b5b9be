import { DecodeError } from './decode-error.js';
import {
  enumOf,
  field,
  flag,
  nonEmptyString,
  oneOf,
  optionalString,
  optionalTime,
  record,
  strings,
} from './decode-fields.js';
import type {
  ActiveState,
  DisabledState,
  Target,
  TargetState,
  TerminatedState,
  WaitingState,
} from './session.js';

/** Decodes one of `status.targets`. Throws a `DecodeError`. The key is the name: only the whole list tells repeats apart. */
export function decodeTarget(value: unknown): Target {
  const target = record(value);
  const name = nonEmptyString(target.name, 'name');
  const type = oneOf(target.type, 'type', TARGET_TYPES);
  return {
    name,
    key: name,
    type: type.word,
    typeText: type.text,
    resources: strings(target.resources, 'resources'),
    state: field(target.state, 'state', decodeState),
  };
}

const TARGET_TYPES = enumOf({ job: 'job', server: 'server' });

/**
 * A target that cannot be decoded, with what can be read of it. It waits, with the error as its reason: so it blocks the
 * verdict, and the other targets of its Session stay visible.
 */
export function unreadableTarget(value: unknown, error: DecodeError): Target {
  const name = readable(value, (target) => nonEmptyString(target.name, 'name')) ?? UNNAMED;
  const type = readable(value, (target) => oneOf(target.type, 'type', TARGET_TYPES));
  return {
    name,
    key: name,
    type: type?.word ?? 'unknown',
    typeText: type?.text ?? '',
    resources: readable(value, (target) => strings(target.resources, 'resources')) ?? [],
    state: { is: 'waiting', waitReason: `unreadable: ${error.message}` },
  };
}

const UNNAMED = '(unnamed)';

function readable<T>(value: unknown, read: (target: ReturnType<typeof record>) => T): T | null {
  try {
    return read(record(value));
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function decodeState(value: unknown): TargetState {
  if (value == null) return INACTIVE;
  const state = record(value);
  let populated: string | null = null;
  for (const key in state) {
    if (state[key] == null) continue;
    if (populated !== null) throw new DecodeError('at most one state populated', `${populated} and ${key}`);
    populated = key;
  }
  if (populated === null) return INACTIVE;
  const decode = STATES.get(populated);
  // A state of a newer Tilt: as inactive it would be left out of the verdict, which could be a false green.
  return decode
    ? field(state[populated], populated, decode)
    : { is: 'waiting', waitReason: `unknown state "${populated}"` };
}

const INACTIVE: TargetState = { is: 'inactive' };
const DISABLED: DisabledState = { is: 'disabled' };
const STATES = new Map<string, (value: unknown) => TargetState>([
  ['waiting', decodeWaiting],
  ['active', decodeActive],
  ['terminated', decodeTerminated],
  ['disabled', decodeDisabled],
]);

function decodeWaiting(value: unknown): WaitingState {
  const waiting = record(value);
  return { is: 'waiting', waitReason: optionalString(waiting.waitReason, 'waitReason') ?? '' };
}

function decodeDisabled(value: unknown): DisabledState {
  record(value);
  return DISABLED;
}

function decodeActive(value: unknown): ActiveState {
  const active = record(value);
  return {
    is: 'active',
    startTime: optionalTime(active.startTime, 'startTime'),
    ready: flag(active.ready, 'ready'),
    lastReadyTime: optionalTime(active.lastReadyTime, 'lastReadyTime'),
  };
}

function decodeTerminated(value: unknown): TerminatedState {
  const terminated = record(value);
  const graceStatus = oneOf(terminated.graceStatus, 'graceStatus', GRACE_STATUSES);
  return {
    is: 'terminated',
    startTime: optionalTime(terminated.startTime, 'startTime'),
    finishTime: optionalTime(terminated.finishTime, 'finishTime'),
    error: optionalString(terminated.error, 'error'),
    graceStatus: graceStatus.word,
    graceStatusText: graceStatus.text,
  };
}

const GRACE_STATUSES = enumOf({ '': 'not-applicable', Tolerated: 'tolerated', Exceeded: 'exceeded' });

/** Encodes a target as Tilt writes it. */
export function encodeTarget({ name, typeText, resources, state }: Target): object {
  return { name, type: typeText || undefined, resources, state: encodeState(state) };
}

function encodeState(state: TargetState): object {
  switch (state.is) {
    case 'inactive':
      return {};
    case 'disabled':
      return { disabled: {} };
    case 'waiting':
      return { waiting: { waitReason: state.waitReason } };
    case 'active': {
      const { startTime, ready, lastReadyTime } = state;
      return { active: { startTime, ready, lastReadyTime } };
    }
    case 'terminated': {
      const { startTime, finishTime, error, graceStatusText } = state;
      return {
        terminated: {
          startTime,
          finishTime,
          error: error ?? undefined,
          graceStatus: graceStatusText || undefined,
        },
      };
    }
  }
}
