import type { MicroTime } from '../model/micro-time.js';
import type { SessionId } from '../model/session.js';

/** How the link to a source is, as clients see it. */
export interface SourceStatus {
  readonly name: string;
  readonly state: 'connecting' | 'live' | 'stale';
  readonly since: MicroTime;
  /** What is wrong; null while nothing is. */
  readonly error: string | null;
  readonly sessionCount: number;
}

/** What the store remembers of a source. Changed only by the functions below. */
export interface Source {
  readonly name: string;
  /** Whether the gateway is ready even when its first try failed. */
  readonly optional: boolean;
  /** The Sessions it gives, gone ones aside. */
  readonly sessions: Set<SessionId>;
  state: SourceStatus['state'];
  since: MicroTime;
  /** What is wrong with the whole source. */
  error: string | null;
  /** What is wrong with single objects of it, by Session id. */
  readonly refused: Map<SessionId, string>;
  /** Whether it has given a snapshot since it was opened. */
  synced: boolean;
}

/** A source that has given nothing yet. */
export function createSource(name: string, optional: boolean, since: MicroTime): Source {
  return {
    name,
    optional,
    sessions: new Set(),
    state: 'connecting',
    since,
    error: null,
    refused: new Map(),
    synced: false,
  };
}

/** Whether the gateway need not wait for it any more: it has given a snapshot, or it is optional and its first try failed. */
export function isSettled(source: Source): boolean {
  return source.synced || (source.optional && source.state === 'stale');
}

/** A snapshot came: all is well. */
export function markSynced(source: Source, now: MicroTime): void {
  source.refused.clear();
  source.synced = true;
  source.error = null;
  settleState(source, now);
}

/** An object came that could be understood. */
export function markUnderstood(source: Source, id: SessionId, now: MicroTime): void {
  source.refused.delete(id);
  source.error = null;
  settleState(source, now);
}

/** The link broke, or (with an id) an object could not be understood. */
export function markTrouble(source: Source, id: SessionId | undefined, error: string, now: MicroTime): void {
  if (id === undefined) source.error = error;
  else source.refused.set(id, error);
  settleState(source, now);
}

/** What clients see of it. */
export function statusOf(source: Source): SourceStatus {
  const { name, state, since, sessions } = source;
  return { name, state, since, error: errorOf(source), sessionCount: sessions.size };
}

/** Whether nothing happened to a source that anybody could see. */
export function sameStatus(a: SourceStatus, b: SourceStatus): boolean {
  return (
    a.state === b.state && a.since === b.since && a.error === b.error && a.sessionCount === b.sessionCount
  );
}

function errorOf({ error, refused }: Source): string | null {
  if (error !== null) return error;
  const [first] = refused.values();
  return first ?? null;
}

function settleState(source: Source, now: MicroTime): void {
  const state = errorOf(source) === null ? 'live' : 'stale';
  if (source.state === state) return;
  source.state = state;
  source.since = now;
}
