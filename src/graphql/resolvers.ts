import { memoize } from '../lib/memoize.js';
import { type Explanation, RESOURCE_KIND } from '../model/explanation.js';
import type { LogSelection } from '../model/log.js';
import { computePhase } from '../model/phase.js';
import { plainText } from '../model/plain-text.js';
import { isDemo } from '../model/session.js';
import { groupByResource } from '../model/wait-graph.js';
import {
  explanationOfRecord,
  type SessionRecord,
  type TrackedTarget,
  verdictOfRecord,
} from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { HISTORY_LIMIT, secondsToReady } from '../store/track-target.js';
import type { ResourceRecord } from './context.js';
import { countPhases } from './count-phases.js';
import { badInput } from './errors.js';
import type {
  QueryResolvers,
  Resolvers,
  ResourceResolvers,
  SessionResolvers,
  TargetResolvers,
  WaitingOnResolvers,
} from './generated.js';
import { findExcerpt, readTail, sessionIdOf } from './log-lines.js';
import { findNode, pageOfSessions, typeOfNode } from './relay.js';
import { compileTargetFilter, resolveSessionId } from './selection.js';
import {
  presentState,
  runSeconds,
  summaryOfTerminated,
  summaryOfWaiting,
  type VisibleState,
  visibleState,
} from './target-states.js';

const query: QueryResolvers = {
  session: (_, { id }, { store }) => {
    const resolved = resolveSessionId(store, id);
    return resolved === null ? null : store.get(resolved);
  },
  sessions: (_, args, { store }) => pageOfSessions(store, args),
  target: (_, { session, name }, { store }) => {
    const id = resolveSessionId(store, session);
    const record = id === null ? null : store.get(id);
    return record?.status.targets.find((target) => target.name === name) ?? null;
  },
  targets: (_, { where }, { store }) => {
    const matches = compileTargetFilter(where);
    return store.ids().flatMap((id) => {
      const record = store.get(id);
      return record ? record.status.targets.filter(matches(record)) : [];
    });
  },
  node: (_, { id }, { store }) => findNode(store, id),
  gateway: (_, __, { store, version }) => ({ version, sources: store.sources() }),
};

const session: SessionResolvers = {
  verdict: (record) => verdictOfRecord(record),
  isDemo,
  resources: (record) => [...resourcesOf(record).values()],
  counts: (record) => countPhases(record.status.targets),
  cluster: ({ facts }) => facts?.cluster ?? null,
};

/** Resources of a Session by name, sorted. */
const resourcesOf = memoize((record: SessionRecord): ReadonlyMap<string, ResourceRecord> => {
  const facts = new Map(record.facts?.resources?.map((resource) => [resource.name, resource]));
  const groups = [...groupByResource(record.status.targets)];
  return new Map(
    groups
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, targets]) => [name, { name, targets, session: record, facts: facts.get(name) ?? null }]),
  );
});

const resource: ResourceResolvers = {
  counts: ({ targets }) => countPhases(targets),
  labels: ({ facts }) => facts?.labels ?? null,
  links: ({ facts }) => facts?.links ?? null,
  kind: ({ facts }) => facts?.kind ?? null,
  triggerMode: ({ facts }) => facts?.triggerMode ?? null,
  hasPendingChanges: ({ facts }) => facts?.hasPendingChanges ?? null,
  queued: ({ facts }) => facts?.queued ?? null,
  conditions: ({ facts }) => facts?.conditions ?? null,
  waitingOn: ({ facts, session: record }) =>
    facts?.waitingOn.map((reference) => ({ ...reference, session: record })) ?? null,
  order: ({ facts }) => facts?.order ?? null,
  tiltUrl: ({ name, session: { facts } }) =>
    facts?.webUrl == null ? null : `${facts.webUrl}/r/${encodeSegment(name)}/overview`,
  log: ({ name, session: { id } }, { last, level }, { store }) =>
    readTail(store, id, { resource: name, level: level ?? undefined }, last),
};

/** Encodes a segment of a path. A lone surrogate, which no URL can contain, becomes U+FFFD. */
function encodeSegment(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

const waitingOn: WaitingOnResolvers = {
  resource: ({ kind, name, session: record }) =>
    kind === RESOURCE_KIND ? (resourcesOf(record).get(name) ?? null) : null,
};

const target: TargetResolvers = {
  state: (of) => presentState(of),
  phase: computePhase,
  blockedBy: (of, _, { store }) => explanationOf(store, of)?.blockedBy(of) ?? [],
  rootCause: (of, _, { store }) => explanationOf(store, of)?.rootCause(of) ?? null,
  history: ({ history }, { last }) => {
    const count = last ?? 10;
    if (count < 0) throw badInput(`last: expected 0 to ${HISTORY_LIMIT}, got ${count}.`);
    return count === 0 ? [] : history.slice(-count);
  },
  durationSeconds: (of) => {
    if (of.state.is === 'terminated') return runSeconds(of.state);
    return of.state.is === 'active' && computePhase(of) === 'succeeded'
      ? secondsToReady(of.readiness, of.state)
      : null;
  },
  secondsToReady: (of) =>
    of.state.is === 'active' && computePhase(of) !== 'succeeded'
      ? secondsToReady(of.readiness, of.state)
      : null,
  log: (of, { last }, { store }) => readTail(store, sessionIdOf(of), selectionOf(of), last),
};

/** With the resource, whose lines are found without a search through those of all resources. */
function selectionOf({ key, resources: [resource, ...others] }: TrackedTarget): LogSelection {
  return { target: key, resource: others.length === 0 ? resource : undefined };
}

/** Explanation of a target by the newest state of its Session. Null if the Session no longer exists. */
function explanationOf(store: ReadableStore, of: TrackedTarget): Explanation<TrackedTarget> | null {
  const record = store.get(sessionIdOf(of));
  return record && explanationOfRecord(record);
}

/** Resolvers of all types except Subscription. Other fields are properties of the model. */
export const resolvers: Resolvers = {
  Query: query,
  Node: { __resolveType: typeOfNode },
  Session: session,
  Target: target,
  Resource: resource,
  WaitingOn: waitingOn,
  TargetTransition: { state: visibleState },
  TargetState: { __resolveType: ({ is }) => STATE_TYPES[is] },
  TargetStateWaiting: { summary: summaryOfWaiting },
  TargetStateTerminated: {
    summary: summaryOfTerminated,
    excerpt: (state, _, { store }) => findExcerpt(store, state),
  },
  TargetStateDisabled: { summary: () => 'disabled' },
  LogLine: { text: ({ styledText }) => plainText(styledText) },
  TargetChange: {
    previous: ({ previous }) => previous && visibleState({ ...previous, phase: computePhase(previous) }),
    previousPhase: ({ previous }) => previous && computePhase(previous),
  },
  SessionChange: { previousVerdict: ({ previous }) => previous && verdictOfRecord(previous).state },
};

const STATE_TYPES = {
  waiting: 'TargetStateWaiting',
  active: 'TargetStateActive',
  terminated: 'TargetStateTerminated',
  disabled: 'TargetStateDisabled',
} as const satisfies Record<VisibleState['is'], string>;
