import type { Change, ChangeSink } from '../../src/model/change.js';
import type { Session, SessionId } from '../../src/model/session.js';
import type { LogChange } from '../../src/nats/log-change.js';

/** A call that the sink received. */
export type SinkEvent =
  | { readonly type: 'open'; readonly source: string; readonly optional: boolean }
  | { readonly type: 'apply'; readonly source: string; readonly change: Change }
  | { readonly type: 'close'; readonly source: string; readonly reason: string };

/** State of a source after all its changes. */
export interface RecordedSource {
  readonly isOpen: boolean;
  /** Whether the source has pushed a snapshot. */
  readonly isSynced: boolean;
  readonly sessions: ReadonlyMap<SessionId, Session>;
  /** Why Sessions are stale, by session id. Live Sessions have no entry. */
  readonly stale: ReadonlyMap<SessionId, string>;
  /** Why kinds other than Sessions are not provided, by kind. */
  readonly unavailable: ReadonlyMap<string, string>;
  /** Why the source as a whole is stale. Null when it is healthy. */
  readonly error: string | null;
}

/** A sink that records every call and applies the changes as a store does. */
export interface RecordingSink extends ChangeSink {
  readonly events: readonly SinkEvent[];
  /** Returns the changes of a source, in order. */
  changes(source: string): Change[];
  /** Returns the current state of a source: closed and empty if it was never opened. */
  source(name: string): RecordedSource;
  /** Resolves when the condition holds, evaluated now and after each event. */
  until(condition: (sink: RecordingSink) => boolean): Promise<void>;
}

/** Creates an empty sink. */
export function createRecordingSink(): RecordingSink {
  const events: SinkEvent[] = [];
  const sources = new Map<string, RecordedSource>();
  const waiting = new Set<() => void>();

  const sink: RecordingSink = {
    events,
    changes: (source) =>
      events.flatMap((event) => (event.type === 'apply' && event.source === source ? [event.change] : [])),
    source: (name) => sources.get(name) ?? CLOSED,
    open(source, { optional = false } = {}) {
      if (sources.get(source)?.isOpen) throw new Error(`The source ${source} is already open.`);
      sources.set(source, { ...CLOSED, isOpen: true });
      record({ type: 'open', source, optional });
    },
    apply(source, change) {
      const before = sources.get(source);
      if (!before?.isOpen) throw new Error(`The source ${source} is not open.`);
      sources.set(source, fold(before, change));
      record({ type: 'apply', source, change });
    },
    close(source, reason) {
      sources.set(source, { ...(sources.get(source) ?? CLOSED), isOpen: false });
      record({ type: 'close', source, reason });
    },
    until: (condition) =>
      new Promise((resolve) => {
        const check = () => {
          if (!condition(sink)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
  return sink;

  function record(event: SinkEvent): void {
    events.push(event);
    for (const check of [...waiting]) check();
  }
}

const CLOSED: RecordedSource = {
  isOpen: false,
  isSynced: false,
  sessions: new Map(),
  stale: new Map(),
  unavailable: new Map(),
  error: null,
};

function fold(before: RecordedSource, change: LogChange | Change): RecordedSource {
  const sessions = new Map(before.sessions);
  const stale = new Map(before.stale);
  switch (change.type) {
    case 'log':
      return before;
    case 'snapshot': {
      const sessions = new Map(change.sessions.map((session) => [session.id, session]));
      const synced = { ...before, isSynced: true, sessions, stale: new Map(), error: null };
      const stale = (change.stale ?? []).map((state): Change => ({ type: 'stale', ...state }));
      return [...stale, ...followedBy(change)].reduce(fold, synced);
    }
    case 'upsert':
      sessions.set(change.session.id, change.session);
      stale.delete(change.session.id);
      return { ...before, sessions, stale, error: null };
    case 'availability': {
      const unavailable = new Map(before.unavailable);
      if (change.error === null) unavailable.delete(change.kind);
      else unavailable.set(change.kind, change.error);
      return { ...before, unavailable };
    }
    case 'remove':
      sessions.delete(change.id);
      stale.delete(change.id);
      return { ...before, sessions, stale };
    case 'stale': {
      const ids = change.id === undefined ? sessions.keys() : [change.id];
      for (const id of ids) stale.set(id, change.error);
      return { ...before, stale, error: change.id === undefined ? change.error : before.error };
    }
  }
}

/** The changes that a provider of a log pushes together with its snapshot. */
export function followedBy(snapshot: Change | LogChange): readonly LogChange[] {
  return 'followedBy' in snapshot && snapshot.followedBy ? snapshot.followedBy : [];
}
