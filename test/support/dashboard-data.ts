import type { Resource, Session, State, Target, TargetPhase } from '../../src/dashboard/model/types.js';

/** Formats a time on 2026-11-22, given in seconds after 12:00 UTC, as Tilt does. */
export function time(seconds: number): string {
  return new Date(Date.UTC(2026, 10, 22, 12) + Math.round(seconds * 1_000)).toISOString();
}

/** Like {@link time}, in milliseconds since 1970. */
export function ms(seconds: number): number {
  return Date.parse(time(seconds));
}

/** Factories of target states. Times are in seconds, as in {@link time}. */
export const state = {
  waiting: (waitReason = 'unknown'): State => ({
    __typename: 'TargetStateWaiting',
    waitReason,
    summary: `waiting: ${waitReason}`,
  }),
  running: (start: number): State => active(start, null),
  ready: (start: number, ready: number): State => active(start, ready),
  ended: (start: number, finish: number | null, error: string | null = null): State => ({
    __typename: 'TargetStateTerminated',
    startTime: time(start),
    finishTime: finish === null ? null : time(finish),
    error,
    graceStatus: 'NOT_APPLICABLE',
    graceStatusText: '',
    summary: error === null ? 'succeeded' : `failed: ${error}`,
  }),
  retrying: (start: number): State => ({
    __typename: 'TargetStateTerminated',
    startTime: time(start),
    finishTime: null,
    error: 'crash',
    graceStatus: 'TOLERATED',
    graceStatusText: 'Tolerated',
    summary: 'failed (tolerated for now): crash',
  }),
  disabled: (): State => ({ __typename: 'TargetStateDisabled', summary: 'disabled' }),
  inactive: (): State => null,
};

/** Creates a target with this history of states, each seen so many seconds after 12:00. */
export function target(name: string, ...history: readonly (readonly [seen: number, state: State])[]): Target {
  const last = history.at(-1)?.[1] ?? null;
  const isServer = /:(serve|runtime)$/.test(name);
  return {
    id: `shop/Tiltfile#${name}`,
    name,
    type: isServer ? 'SERVER' : 'JOB',
    typeText: isServer ? 'server' : 'job',
    resources: [name.replace(/:.*/, '')],
    phase: derivePhase(last),
    since: time(history.at(-1)?.[0] ?? 0),
    blockedBy: [],
    rootCause: null,
    durationSeconds: null,
    secondsToReady: null,
    state: last,
    history: history.map(([seen, of]) => ({ time: time(seen), phase: derivePhase(of), state: of })),
  };
}

/** Creates a local resource that Tilt runs by itself, with the given fields replaced. */
export function resource(name: string, fields: Partial<Resource> = {}): Resource {
  return {
    name,
    labels: [],
    kind: 'LOCAL',
    order: null,
    triggerMode: 'AUTO',
    hasPendingChanges: false,
    queued: false,
    tiltUrl: null,
    links: [],
    conditions: [],
    waitingOn: [],
    ...fields,
  };
}

/** Fields of a {@link session} to override. */
export type SessionFieldOverrides = Partial<Omit<Session, 'verdict' | 'status' | 'connection' | 'counts'>> & {
  readonly verdict?: Partial<Session['verdict']>;
  readonly status?: Partial<Session['status']>;
  readonly connection?: Partial<Session['connection']>;
  readonly counts?: Partial<Session['counts']>;
};

/** Creates a Session of a running `tilt ci`, with the given fields replaced. */
export function session({
  verdict,
  status,
  connection,
  counts,
  ...rest
}: SessionFieldOverrides = {}): Session {
  return {
    id: 'shop/Tiltfile',
    instance: 'shop',
    isDemo: false,
    metadata: { uid: 'a1' },
    spec: { tiltfilePath: '/home/dev/shop/Tiltfile', exitCondition: 'CI', exitConditionText: 'ci' },
    ...rest,
    status: { done: false, pid: 1, startTime: time(0), error: null, ...status },
    verdict: {
      state: 'PENDING',
      final: false,
      reason: null,
      waiting: [],
      notReady: [],
      retrying: [],
      failed: [],
      untriggered: [],
      ...verdict,
    },
    cluster: null,
    connection: { state: 'LIVE', since: time(0), error: null, ...connection },
    counts: { ...NO_COUNTS, ...counts },
  };
}

const NO_COUNTS = {
  total: 0,
  inactive: 0,
  disabled: 0,
  waiting: 0,
  untriggered: 0,
  running: 0,
  ready: 0,
  succeeded: 0,
  failed: 0,
  retrying: 0,
};

function active(start: number, ready: number | null): State {
  return {
    __typename: 'TargetStateActive',
    startTime: time(start),
    ready: ready !== null,
    lastReadyTime: ready === null ? null : time(ready),
    summary: ready === null ? 'running' : 'ready',
  };
}

function derivePhase(of: State): TargetPhase {
  switch (of?.__typename) {
    case undefined:
      return 'INACTIVE';
    case 'TargetStateWaiting':
      return 'WAITING';
    case 'TargetStateActive':
      return of.ready ? 'READY' : 'RUNNING';
    case 'TargetStateTerminated':
      if (of.error === null) return 'SUCCEEDED';
      return of.graceStatus === 'TOLERATED' ? 'RETRYING' : 'FAILED';
    case 'TargetStateDisabled':
      return 'DISABLED';
  }
}
