import { firstIndexAtOrAfter } from '../lib/binary-search.js';
import { memoize } from '../lib/memoize.js';
import { type Explanation, RESOURCE_KIND } from '../model/explanation.js';
import type { LogSelection } from '../model/log.js';
import { computePhase } from '../model/phase.js';
import { plainText } from '../model/plain-text.js';
import { isDemo } from '../model/session.js';
import {
  explanationOfRecord,
  HISTORY_LIMIT,
  type SessionRecord,
  secondsToReady,
  type TrackedTarget,
  verdictOfRecord,
} from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { ResourceRecord } from './context.js';
import { badInput } from './errors.js';
import type {
  QueryResolvers,
  QuerySessionsArgs,
  Resolvers,
  ResolversTypes,
  ResourceResolvers,
  SessionResolvers,
  TargetResolvers,
  WaitingOnResolvers,
} from './generated.js';
import { findExcerpt, readTail, sessionIdOf } from './log-lines.js';
import {
  compileSessionFilter,
  compileTargetFilter,
  findNode,
  resolveSessionId,
  typeOfNode,
} from './selection.js';
import { countPhases, groupByResource } from './sizes.js';
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
    const meant = resolveSessionId(store, id);
    return meant === null ? null : store.get(meant);
  },
  sessions: (_, args, { store }) => pageOfSessions(store, args),
  target: (_, { session, name }, { store }) => {
    const meant = resolveSessionId(store, session);
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
  const groups = groupByResource(record.status.targets);
  return new Map(
    groups.map(({ name, targets }) => [
      name,
      { name, targets, session: record, facts: facts.get(name) ?? null },
    ]),
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

/** Maximum number of Sessions in a page. */
const MAX_PAGE = 1000;

/**
 * Returns a page of Sessions (Relay's connection specification). A cursor contains an id, and the next page
 * has the ids greater than it: Sessions that appear or disappear do not shift pages.
 */
function pageOfSessions(store: ReadableStore, { where, first, after }: QuerySessionsArgs): SessionPage {
  const size = first ?? 100;
  if (size < 1 || size > MAX_PAGE) throw badInput(`first: expected 1 to ${MAX_PAGE}, got ${size}.`);
  const matches = compileSessionFilter(where);
  const matching = store
    .ids()
    .map((id) => store.get(id))
    .filter((record): record is SessionRecord => record !== null && matches(record));
  const start = after == null ? 0 : firstAfter(matching, idOf(after));
  const nodes = matching.slice(start, start + size);
  const edges = nodes.map((node) => ({ node, cursor: cursorOf(node.id) }));
  return {
    nodes,
    edges,
    totalCount: matching.length,
    pageInfo: {
      hasNextPage: start + size < matching.length,
      hasPreviousPage: start > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

type SessionPage = Awaited<ResolversTypes['SessionConnection']>;

function firstAfter(records: readonly SessionRecord[], id: string): number {
  const ids = records.map((record) => record.id);
  const index = firstIndexAtOrAfter(ids, id);
  return ids[index] === id ? index + 1 : index;
}

// The prefix distinguishes a cursor from other base64 text.
function cursorOf(id: string): string {
  return Buffer.from(`session:${id}`).toString('base64url');
}

function idOf(cursor: string): string {
  const [, id] = /^session:(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (id === undefined)
    throw badInput(`after: expected a cursor of this connection, got ${JSON.stringify(cursor)}.`);
  return id;
}
