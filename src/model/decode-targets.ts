import {
  DecodeError,
  defineEnum,
  enumValue,
  field,
  flag,
  nonEmptyString,
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

/**
 * Maximum number of targets of a Session: twice as many as were ever measured. A new one takes up to 16 µs,
 * so that a Session delays all others by a third of a second. A compressed message of 3 kB can have this
 * many.
 */
const MAX_TARGETS = 20_000;

/** Maximum number of unreadable targets of a Session. Each takes several times as long as a valid one. */
const MAX_UNREADABLE = 1_000;

/**
 * Decodes `status.targets`. An invalid target is kept as unreadable. Throws a `DecodeError` if it is not a
 * list, has more than {@link MAX_TARGETS} targets, or more than {@link MAX_UNREADABLE} unreadable ones.
 */
export function decodeTargets(value: unknown): readonly Target[] {
  if (value == null) return NONE;
  if (!Array.isArray(value)) throw new DecodeError('a list', value, ['targets']);
  if (value.length > MAX_TARGETS) {
    throw new DecodeError(`at most ${MAX_TARGETS} targets`, value.length, ['targets']);
  }
  let unreadable = 0;
  const targets = value.map((raw, index) =>
    decodeOrKeep(raw, index, () => {
      unreadable += 1;
      if (unreadable > MAX_UNREADABLE) {
        throw new DecodeError(`at most ${MAX_UNREADABLE} unreadable targets`, unreadable, ['targets']);
      }
    }),
  );
  // Tilt sorts by name, and ascending names are unique. The check takes 0.4 ms for 10,000 targets, a Set 2
  // ms.
  return isAscending(targets) ? targets : withDistinctKeys(targets);
}

/**
 * Decodes the targets at the given indices and reuses all others of a known list. Returns null if the whole
 * list must be decoded: a name changed, so keys may change, or too many targets are unreadable.
 */
export function decodeTargetsAt(
  known: readonly Target[],
  raw: ReadonlyMap<number, unknown>,
): readonly Target[] | null {
  const targets = known.slice();
  let unreadable = 0;
  for (const [index, value] of raw) {
    const target = decodeOrKeep(value, index, () => {
      unreadable += 1;
    });
    const before = known[index];
    if (unreadable > MAX_UNREADABLE || target.name !== before?.name) return null;
    targets[index] = withKey(target, before.key);
  }
  return targets;
}

const NONE: readonly never[] = [];

function decodeOrKeep(raw: unknown, index: number, onUnreadable: () => void): Target {
  try {
    return decodeTarget(raw);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    onUnreadable();
    return createUnreadable(raw, error.within('status', 'targets', index));
  }
}

function isAscending(targets: readonly Target[]): boolean {
  let last = '';
  for (const { name } of targets) {
    if (name <= last) return false;
    last = name;
  }
  return true;
}

/**
 * Gives every target a unique key: a resource called `tiltfile` results in a second `tiltfile:update`. The
 * first target of a name has the name as its key, regardless of the other names.
 */
function withDistinctKeys(targets: readonly Target[]): readonly Target[] {
  const taken = new Set(targets.map(({ name }) => name));
  if (taken.size === targets.length) return targets;
  const counts = new Map<string, number>();
  return targets.map((target) => {
    const { name } = target;
    let count = (counts.get(name) ?? 0) + 1;
    if (count > 1) while (taken.has(`${name}#${count}`)) count += 1;
    counts.set(name, count);
    if (count === 1) return target;
    const key = `${name}#${count}`;
    taken.add(key);
    return withKey(target, key);
  });
}

function withKey(target: Target, key: string): Target {
  return target.key === key ? target : { ...target, key };
}

/** Decodes one target, or throws a `DecodeError`. Its key is its name; repeated names need the whole list. */
function decodeTarget(value: unknown): Target {
  const target = record(value);
  const name = nonEmptyString(target.name, 'name');
  const type = enumValue(target.type, 'type', TARGET_TYPES);
  return {
    name,
    key: name,
    type: type.word,
    typeText: type.text,
    resources: strings(target.resources, 'resources'),
    state: field(target.state, 'state', decodeState),
  };
}

const TARGET_TYPES = defineEnum({ job: 'job', server: 'server' });

/**
 * Creates the substitute for a target that cannot be decoded, from its readable fields. It waits with the
 * error as its reason, so that it blocks the verdict and the other targets of the Session stay visible.
 */
function createUnreadable(value: unknown, error: DecodeError): Target {
  const name = tryRead(value, (target) => nonEmptyString(target.name, 'name')) ?? UNNAMED;
  const type = tryRead(value, (target) => enumValue(target.type, 'type', TARGET_TYPES));
  return {
    name,
    key: name,
    type: type?.word ?? 'unknown',
    typeText: type?.text ?? '',
    resources: tryRead(value, (target) => strings(target.resources, 'resources')) ?? [],
    state: { is: 'waiting', waitReason: `unreadable: ${error.message}` },
  };
}

const UNNAMED = '(unnamed)';

function tryRead<T>(value: unknown, read: (target: ReturnType<typeof record>) => T): T | null {
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
  // A state of a newer Tilt. As inactive it would not count in the verdict, which could then pass wrongly.
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
  const graceStatus = enumValue(terminated.graceStatus, 'graceStatus', GRACE_STATUSES);
  return {
    is: 'terminated',
    startTime: optionalTime(terminated.startTime, 'startTime'),
    finishTime: optionalTime(terminated.finishTime, 'finishTime'),
    error: optionalString(terminated.error, 'error'),
    graceStatus: graceStatus.word,
    graceStatusText: graceStatus.text,
  };
}

const GRACE_STATUSES = defineEnum({ '': 'not-applicable', Tolerated: 'tolerated', Exceeded: 'exceeded' });
