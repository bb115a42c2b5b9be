import { DecodeError } from './decode-error.js';
import {
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

/** Reads one of `status.targets`, or throws a `DecodeError`. */
export function decodeTarget(value: unknown): Target {
  const target = record(value);
  return {
    name: nonEmptyString(target.name, 'name'),
    type: oneOf(target.type, 'type', TARGET_TYPES),
    resources: strings(target.resources, 'resources'),
    state: field(target.state, 'state', decodeState),
  };
}

const TARGET_TYPES = new Map([
  ['job', 'job'],
  ['server', 'server'],
] as const);

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
  return {
    is: 'terminated',
    startTime: optionalTime(terminated.startTime, 'startTime'),
    finishTime: optionalTime(terminated.finishTime, 'finishTime'),
    error: optionalString(terminated.error, 'error'),
    graceStatus: oneOf(terminated.graceStatus, 'graceStatus', GRACE_STATUSES),
  };
}

const GRACE_STATUSES = new Map([
  ['', 'not-applicable'],
  ['Tolerated', 'tolerated'],
  ['Exceeded', 'exceeded'],
] as const);

/** Writes it as Tilt does. */
export function encodeTarget({ name, type, resources, state }: Target): object {
  return { name, type, resources, state: encodeState(state) };
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
      const { startTime, finishTime, error, graceStatus } = state;
      return {
        terminated: {
          startTime,
          finishTime,
          error: error ?? undefined,
          graceStatus: GRACE_STATUS_WORDS[graceStatus],
        },
      };
    }
  }
}

/** As Tilt writes them; `unknown` stands for a text of a newer Tilt that was not kept. */
const GRACE_STATUS_WORDS = {
  'not-applicable': undefined,
  tolerated: 'Tolerated',
  exceeded: 'Exceeded',
  unknown: 'unknown',
} as const;
