import {
  changedTarget,
  type SessionAt,
  sessionAt,
  sessionId,
  versionOf,
  type WireSession,
  type WireTarget,
} from './session.js';

/** An operation of the load and its correct answer. */
export interface Operation {
  readonly document: string;
  /** `data` of the answer, or of the payload of the n-th update for a subscription. */
  expected(at: SessionAt): unknown;
}

/** Subscription to one changed target: 250 bytes on the wire. */
export function targetChange(session = sessionId(0)): Operation {
  return changeOf(session, 'name');
}

/** Like {@link targetChange}, but a different document and answer for each group. */
export function targetChangeOfGroup(group: number): Operation {
  return changeOf(sessionId(0), `group${String(group).padStart(2, '0')}`);
}

/** Subscription to the whole session at every update: 16 kB for 100 targets. */
export const wholeSession: Operation = {
  document: `subscription { session(id: "${sessionId(0)}") { ${sessionFields()} } }`,
  expected: (at) => ({ session: viewOf(sessionAt(at)) }),
};

/** Query of the whole session. */
export const bigQuery: Operation = {
  document: `{ session { ${sessionFields()} } }`,
  expected: wholeSession.expected,
};

/** Minimal query of a status light. */
export const smallQuery: Operation = {
  document: '{ session { metadata { name } status { done } } }',
  expected: () => ({ session: { metadata: { name: 'Tiltfile' }, status: { done: false } } }),
};

function changeOf(session: string, nameAs: string): Operation {
  const name = nameAs === 'name' ? 'name' : `${nameAs}: name`;
  const viewOfChanged = (target: WireTarget) => ({ [nameAs]: target.name, phase: phaseOf(target) });
  return {
    document: `subscription { targetChanges(session: "${session}") { session { metadata { resourceVersion } } conflated changes { type target { ${name} phase } } } }`,
    expected: (at) => ({
      targetChanges: {
        session: { metadata: { resourceVersion: versionOf(at.stream, at.n) } },
        conflated: 0,
        changes: [{ type: 'MODIFIED', target: viewOfChanged(changedTarget(at)) }],
      },
    }),
  };
}

// The version comes first, because the load client searches it at the start of a payload.
function sessionFields(): string {
  return [
    'metadata { resourceVersion name }',
    'status { done targets { name type phase resources state {',
    '... on TargetStateActive { ready lastReadyTime } ... on TargetStateTerminated { error finishTime } } } }',
  ].join(' ');
}

function viewOf({ metadata, status }: WireSession): object {
  const { resourceVersion, name } = metadata;
  return {
    metadata: { resourceVersion, name },
    status: { done: status.done, targets: status.targets.map(viewOfTarget) },
  };
}

function viewOfTarget(target: WireTarget): object {
  const { name, type, resources } = target;
  const { active, terminated } = target.state;
  const state = active
    ? { ready: active.ready, lastReadyTime: active.lastReadyTime }
    : { error: null, finishTime: terminated?.finishTime };
  return { name, type: type.toUpperCase(), phase: phaseOf(target), resources, state };
}

/** Phase of a target, as the schema names it. */
export function phaseOf({ state }: WireTarget): 'SUCCEEDED' | 'READY' | 'RUNNING' {
  if (!state.active) return 'SUCCEEDED';
  return state.active.ready ? 'READY' : 'RUNNING';
}
