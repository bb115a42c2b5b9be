import { isDemo } from '../model/session.js';
import { phaseOf } from '../model/verdict.js';
import { secondsToReady } from '../store/readiness.js';
import { HISTORY_LIMIT, verdictOfRecord } from '../store/record.js';
import { countPhases, groupByResource } from './counts.js';
import { badInput } from './errors.js';
import { compileTargetFilter } from './filter.js';
import type { QueryResolvers, Resolvers, SessionResolvers, TargetResolvers } from './generated.js';
import { meantSession, nodeOf, typeOfNode } from './lookup.js';
import { pageOfSessions } from './pagination.js';
import { runSeconds, summaryOfTerminated, summaryOfWaiting } from './summary.js';
import { type VisibleState, visibleState } from './visible-state.js';

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
  targets: (_, { where }, { store }) => {
    const matches = compileTargetFilter(where);
    return store.ids().flatMap((id) => {
      const record = store.get(id);
      return record ? record.status.targets.filter((target) => matches(target, record)) : [];
    });
  },
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
  state: (of) => visibleState({ ...of, phase: phaseOf(of) }),
  phase: phaseOf,
  history: ({ history }, { last }) => {
    const count = last ?? 10;
    if (count < 0) throw badInput(`last: expected 0 to ${HISTORY_LIMIT}, got ${count}.`);
    return count === 0 ? [] : history.slice(-count);
  },
  durationSeconds: (of) => {
    if (of.state.is === 'terminated') return runSeconds(of.state);
    return of.state.is === 'active' && phaseOf(of) === 'succeeded'
      ? secondsToReady(of.readiness, of.state)
      : null;
  },
  secondsToReady: (of) =>
    of.state.is === 'active' && phaseOf(of) !== 'succeeded' ? secondsToReady(of.readiness, of.state) : null,
};

/** The resolvers of everything but subscriptions: fields that are not listed are the model's own. */
export const resolvers: Resolvers = {
  Query: query,
  Node: { __resolveType: typeOfNode },
  Session: session,
  Target: target,
  TargetTransition: { state: visibleState },
  TargetState: { __resolveType: ({ is }) => STATE_TYPES[is] },
  TargetStateWaiting: { summary: summaryOfWaiting },
  TargetStateTerminated: { summary: summaryOfTerminated },
  TargetStateDisabled: { summary: () => 'disabled' },
  TargetChange: {
    previous: ({ previous }) => previous && visibleState({ ...previous, phase: phaseOf(previous) }),
    previousPhase: ({ previous }) => previous && phaseOf(previous),
  },
  SessionChange: { previousVerdict: ({ previous }) => previous && verdictOfRecord(previous).state },
};

const STATE_TYPES = {
  waiting: 'TargetStateWaiting',
  active: 'TargetStateActive',
  terminated: 'TargetStateTerminated',
  disabled: 'TargetStateDisabled',
} as const satisfies Record<VisibleState['is'], string>;
