import {
  changedTarget,
  type SessionAt,
  sessionAt,
  sessionId,
  versionOf,
  type WireSession,
  type WireTarget,
} from './session.js';

/** What a load asks for, and what a right answer is. */
export interface Operation {
  readonly document: string;
  /** The `data` of the answer; for a subscription, of the payload of the n-th update. */
  expected(at: SessionAt): unknown;
}

/** One target of a Session changed: 250 bytes on the wire. */
export function targetChange(session = sessionId(0)): Operation {
  return changeOf(session, 'name');
}

/** As {@link targetChange}, but no two of these documents are the same, and neither are their answers. */
export function targetChangeOfGroup(group: number): Operation {
  return changeOf(sessionId(0), `group${String(group).padStart(2, '0')}`);
}

/** The whole Session at every update: 16 kB of 100 targets. */
export const wholeSession: Operation = {
  document: `subscription { session(id: "${sessionId(0)}") { ${sessionFields()} } }`,
  expected: (at) => ({ session: viewOf(sessionAt(at)) }),
};

/** The whole Session, asked for once. */
export const bigQuery: Operation = {
  document: `{ session { ${sessionFields()} } }`,
  expected: wholeSession.expected,
};

/** The least that a status light asks for. */
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

// The version comes first: the load client looks for it at the head of a payload.
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

/** The phase of a target, as the schema names it. */
export function phaseOf({ state }: WireTarget): 'SUCCEEDED' | 'READY' | 'RUNNING' {
  if (!state.active) return 'SUCCEEDED';
  return state.active.ready ? 'READY' : 'RUNNING';
}
