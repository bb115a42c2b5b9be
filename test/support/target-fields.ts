import type {
  LinkState,
  ResourceFields,
  SessionFields,
  TargetFields,
  TargetsView,
} from '../../src/client/client.js';

/** Options of {@link targetFields}. */
export interface TargetFieldsOptions extends Partial<TargetFields> {
  /** Error of a FAILED or RETRYING target. Default: `exit status 1`. */
  readonly error?: string;
}

/** Creates a target as a client receives it. It started at 11:00:00 and entered its phase at 11:00:05. */
export function targetFields(
  name: string,
  phase: TargetFields['phase'],
  { error = 'exit status 1', ...fields }: TargetFieldsOptions = {},
): TargetFields {
  const state = createState(phase, error);
  const isServer = name.endsWith(':serve');
  return {
    id: `tilt-default/Tiltfile#${name}`,
    name,
    type: isServer ? 'SERVER' : 'JOB',
    typeText: isServer ? 'server' : 'job',
    resources: [name.replace(/:.*/, '')],
    phase,
    since: '2026-11-22T11:00:05.000000Z',
    durationSeconds: state?.__typename === 'TargetStateTerminated' ? 2.25 : null,
    secondsToReady: phase === 'READY' ? 1.5 : null,
    state,
    history: [{ time: '2026-11-22T11:00:05.000000Z', phase, state }],
    blockedBy: [],
    rootCause: null,
    ...fields,
  };
}

/** The fields of a target that others block, the last of them at the root. */
export function blockedBy(...names: readonly string[]): Pick<TargetFields, 'blockedBy' | 'rootCause'> {
  const blockers = names.map((name) => ({ name }));
  return { blockedBy: blockers.slice(0, 1), rootCause: blockers.at(-1) ?? null };
}

function createState(phase: TargetFields['phase'], error: string): TargetFields['state'] {
  switch (phase) {
    case 'INACTIVE':
      return null;
    case 'DISABLED':
      return { __typename: 'TargetStateDisabled', summary: 'disabled' };
    case 'UNTRIGGERED':
      return { __typename: 'TargetStateWaiting', waitReason: 'unknown', summary: 'waiting: unknown' };
    case 'WAITING':
      return { __typename: 'TargetStateWaiting', waitReason: 'on-dep', summary: 'waiting: on-dep' };
    case 'RUNNING':
    case 'READY': {
      const isReady = phase === 'READY';
      const lastReadyTime = isReady ? '2026-11-22T11:00:01.500000Z' : null;
      const summary = isReady ? 'ready after 1.5 s' : 'running';
      return { __typename: 'TargetStateActive', startTime: START, ready: isReady, lastReadyTime, summary };
    }
    default: {
      const hasFailed = phase !== 'SUCCEEDED';
      return {
        __typename: 'TargetStateTerminated',
        startTime: START,
        finishTime: '2026-11-22T11:00:02.250000Z',
        error: hasFailed ? error : null,
        graceStatus: phase === 'RETRYING' ? 'TOLERATED' : 'NOT_APPLICABLE',
        graceStatusText: phase === 'RETRYING' ? 'Tolerated' : '',
        summary: hasFailed ? 'failed' : 'succeeded after 2.3 s',
      };
    }
  }
}

const START = '2026-11-22T11:00:00.000000Z';

/** One minute after the targets of {@link targetFields} entered their phases, in milliseconds since 1970. */
export const A_MINUTE_LATER = Date.parse('2026-11-22T11:01:05Z');

/** Creates a Session as a client receives it, with the counts of these targets. */
export function sessionFields(
  targets: readonly TargetFields[],
  fields: Partial<SessionFields> = {},
): SessionFields {
  const count = (...phases: readonly TargetFields['phase'][]) =>
    targets.filter(({ phase }) => phases.includes(phase)).length;
  return {
    id: 'tilt-default/Tiltfile',
    instance: 'tilt-default',
    isDemo: false,
    metadata: { uid: 'a1' },
    spec: { tiltfilePath: '/home/dev/shop/Tiltfile', exitCondition: 'CI', exitConditionText: 'ci' },
    status: { done: false, pid: 1, startTime: START, error: null },
    verdict: verdictFields('PENDING'),
    cluster: null,
    connection: { state: 'LIVE', since: START, error: null },
    counts: {
      total: targets.length,
      inactive: count('INACTIVE'),
      disabled: count('DISABLED'),
      waiting: count('WAITING'),
      untriggered: count('UNTRIGGERED'),
      running: count('RUNNING'),
      ready: count('READY'),
      succeeded: count('SUCCEEDED'),
      failed: count('FAILED'),
      retrying: count('RETRYING'),
    },
    ...fields,
  };
}

/** Creates a verdict that is not final and has empty lists. */
export function verdictFields(
  state: SessionFields['verdict']['state'],
  reason: string | null = null,
): SessionFields['verdict'] {
  return {
    state,
    final: false,
    reason,
    waiting: [],
    notReady: [],
    retrying: [],
    failed: [],
    untriggered: [],
  };
}

/** Creates a local resource as a client receives it: automatic, up to date, without labels and links. */
export function resourceFields(name: string, fields: Partial<ResourceFields> = {}): ResourceFields {
  return {
    name,
    labels: [],
    kind: 'LOCAL',
    order: 1,
    triggerMode: 'AUTO',
    hasPendingChanges: false,
    queued: false,
    tiltUrl: `http://localhost:10350/r/${name}/overview`,
    links: [],
    conditions: [],
    waitingOn: [],
    ...fields,
  };
}

const LIVE: LinkState = {
  state: 'live',
  since: Date.parse(START),
  error: null,
  url: 'http://gateway/graphql',
  isDown: false,
};

/** Creates the targets view that a client holds after a `reset`. */
export function createTargetsView(
  targets: readonly TargetFields[],
  view: Partial<TargetsView> = {},
): TargetsView & { readonly session: SessionFields | null } {
  return {
    session: sessionFields(targets),
    targets: new Map(targets.map((target) => [target.name, target])),
    changes: targets.map((target) => ({ type: 'ADDED', target, previous: null, previousPhase: null })),
    reset: true,
    conflated: 0,
    cursor: 'c-1',
    link: LIVE,
    ...view,
  };
}
