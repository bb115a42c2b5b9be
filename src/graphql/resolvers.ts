import { firstIndexAtOrAfter } from '../lib/binary-search.js';
import { isDemo } from '../model/session.js';
import { computePhase } from '../model/verdict.js';
import { HISTORY_LIMIT, type SessionRecord, secondsToReady, verdictOfRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { countPhases, groupByResource } from './counts.js';
import { badInput } from './errors.js';
import { compileSessionFilter, compileTargetFilter } from './filter.js';
import type {
  QueryResolvers,
  QuerySessionsArgs,
  Resolvers,
  ResolversTypes,
  SessionResolvers,
  TargetResolvers,
} from './generated.js';
import { meantSession, nodeOf, typeOfNode } from './lookup.js';
import {
  runSeconds,
  summaryOfTerminated,
  summaryOfWaiting,
  type VisibleState,
  visibleState,
} from './visible-state.js';

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
  state: (of) => visibleState({ ...of, phase: computePhase(of) }),
  phase: computePhase,
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

/** How many Sessions a page holds at most. */
const MAX_PAGE = 1000;

/**
 * A page of Sessions (Relay's connection specification). A cursor is the id it stands at, so that Sessions which come
 * and go meanwhile shift nothing: the next page is "ids greater than this one", whether or not this one is still there.
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

// The prefix tells a cursor from any other text that happens to be base64.
function cursorOf(id: string): string {
  return Buffer.from(`session:${id}`).toString('base64url');
}

function idOf(cursor: string): string {
  const [, id] = /^session:(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (id === undefined)
    throw badInput(`after: expected a cursor of this connection, got ${JSON.stringify(cursor)}.`);
  return id;
}
