import { secondsBetween } from '../model/micro-time.js';
import { isDemo, type Target, type TargetState } from '../model/session.js';
import { phaseOf } from '../model/verdict.js';
import { HISTORY_LIMIT, phaseStart, verdictOfRecord } from '../store/record.js';
import { countPhases, groupByResource } from './counts.js';
import { badInput } from './errors.js';
import { matchesTarget } from './filter.js';
import type { QueryResolvers, Resolvers, SessionResolvers, TargetResolvers } from './generated.js';
import { meantSession, nodeOf, typeOfNode } from './lookup.js';
import { pageOfSessions } from './pagination.js';
import { summaryOfActive, summaryOfTerminated, summaryOfWaiting } from './summary.js';

const query: QueryResolvers = {
  session: (_, { id }, { store }) => {
    const meant = meantSession(store, id);
    return meant === null ? null : store.get(meant);
  },
  sessions: (_, args, { store }) => pageOfSessions(store, args),
  target: (_, { session, name }, { store }) => {
    const meant = meantSession(store, session);
    const record = meant === null ? null : store.get(meant);
    return record?.status.targets.find((target) => target.name === name) ?? null;
  },
  targets: (_, { where }, { store }) =>
    store.ids().flatMap((id) => {
      const record = store.get(id);
      return record ? record.status.targets.filter((target) => matchesTarget(target, record, where)) : [];
    }),
  node: (_, { id }, { store }) => nodeOf(store, id),
  gateway: (_, __, { store, version }) => ({ version, sources: store.sources() }),
};

const session: SessionResolvers = {
  verdict: (record) => verdictOfRecord(record),
  isDemo,
  resources: (record) =>
    groupByResource(record.status.targets).map((group) => ({ ...group, counts: countPhases(group.targets) })),
  counts: (record) => countPhases(record.status.targets),
};

const target: TargetResolvers = {
  state: ({ state }) => visible(state),
  phase: ({ state }) => phaseOf(state),
  since: phaseStart,
  history: ({ history }, { last }) => {
    const count = last ?? 10;
    if (count < 0) throw badInput(`last: expected 0 to ${HISTORY_LIMIT}, got ${count}.`);
    return count === 0 ? [] : history.slice(-count);
  },
  durationSeconds: ({ state }) =>
    state.is === 'terminated' ? secondsBetween(state.startTime, state.finishTime) : null,
  secondsToReady: ({ state }) =>
    state.is === 'active' ? secondsBetween(state.startTime, state.lastReadyTime) : null,
};

/** The resolvers of everything but subscriptions: fields that are not listed are the model's own. */
export const resolvers: Resolvers = {
  Query: query,
  Node: { __resolveType: typeOfNode },
  Session: session,
  Target: target,
  TargetTransition: { phase: ({ state }) => phaseOf(state), state: ({ state }) => visible(state) },
  TargetState: { __resolveType: ({ is }) => STATE_TYPES[is] },
  TargetStateWaiting: { summary: summaryOfWaiting },
  TargetStateActive: { summary: summaryOfActive },
  TargetStateTerminated: { summary: summaryOfTerminated },
  TargetStateDisabled: { summary: () => 'disabled' },
  TargetChange: {
    previous: ({ previous }) => previous && visible(previous.state),
    previousPhase: ({ previous }) => previous && phaseOf(previous.state),
  },
  SessionChange: { previousVerdict: ({ previous }) => previous && verdictOfRecord(previous).state },
};

const STATE_TYPES = {
  waiting: 'TargetStateWaiting',
  active: 'TargetStateActive',
  terminated: 'TargetStateTerminated',
  disabled: 'TargetStateDisabled',
} as const satisfies Record<VisibleState['is'], string>;

type VisibleState = Exclude<TargetState, { is: 'inactive' }>;

/** Inactive is shown as null: Tilt populates no member then. */
function visible(state: Target['state']): VisibleState | null {
  return state.is === 'inactive' ? null : state;
}
