import { phaseOf } from '../data/operations.js';
import {
  changedIndex,
  changedState,
  sessionAt,
  sessionId,
  versionOf,
  type WireState,
  type WireTarget,
} from '../data/session.js';

/**
 * The state that a peer serves: plain objects in the shape of the schema, so that default resolvers suffice.
 */
export interface PeerState {
  /** A new object after every update. Unchanged parts are reused. */
  readonly session: PeerSession;
  /** Applies the n-th update. Returns the payload of `targetChanges`. */
  update(n: number): PeerChanges;
}

/** `Session` of the schema, limited to the fields that the benchmark selects. */
export interface PeerSession {
  readonly __typename: 'Session';
  readonly id: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly status: { readonly done: boolean; readonly pid: number; readonly targets: readonly PeerTarget[] };
}

/** `Target` of the schema. */
export interface PeerTarget {
  readonly __typename: 'Target';
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly resources: readonly string[];
  readonly phase: string;
  readonly state: object;
}

/** `TargetChanges` of the schema. */
export interface PeerChanges {
  readonly cursor: string;
  readonly reset: boolean;
  readonly conflated: number;
  readonly session: PeerSession;
  readonly changes: readonly {
    readonly type: 'MODIFIED';
    readonly target: PeerTarget;
    readonly previous: object | null;
    readonly previousPhase: string | null;
  }[];
}

/** Creates the state before any update. */
export function createPeerState(services: number): PeerState {
  const { metadata, status } = sessionAt({ services, stream: 0, n: 0 });
  const wire = [...status.targets];
  let session: PeerSession = {
    __typename: 'Session',
    id: sessionId(0),
    metadata,
    status: { done: status.done, pid: status.pid, targets: wire.map(targetOf) },
  };

  return {
    get session() {
      return session;
    },
    update(n) {
      const index = changedIndex(services, n);
      const before = session.status.targets[index];
      const known = wire[index];
      if (!before || !known) throw new Error(`No target at index ${index}.`);
      const target = targetOf({ ...known, state: changedState(services, n) });
      session = {
        ...session,
        metadata: { ...session.metadata, resourceVersion: versionOf(0, n) },
        status: { ...session.status, targets: session.status.targets.with(index, target) },
      };
      const change = {
        type: 'MODIFIED',
        target,
        previous: before.state,
        previousPhase: before.phase,
      } as const;
      return { cursor: `bench-${n}`, reset: false, conflated: 0, session, changes: [change] };
    },
  };
}

function targetOf(target: WireTarget): PeerTarget {
  const { name, type, resources, state } = target;
  return {
    __typename: 'Target',
    id: `${sessionId(0)}#${name}`,
    name,
    type: type.toUpperCase(),
    resources,
    phase: phaseOf(target),
    state: stateOf(state),
  };
}

function stateOf({ active, terminated }: WireState): object {
  return active
    ? { __typename: 'TargetStateActive', ...active, summary: 'running' }
    : {
        __typename: 'TargetStateTerminated',
        ...terminated,
        error: null,
        graceStatus: 'NOT_APPLICABLE',
        summary: 'succeeded',
      };
}
