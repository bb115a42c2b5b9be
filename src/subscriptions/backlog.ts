import type { SessionId } from '../model/session.js';
import type { Revision } from '../store/journal.js';
import type { Fold } from './view.js';

/** What a reader has still to be told. */
export type Due =
  /** Folds in a row; `updates` says how many updates they stand for. */
  | {
      readonly type: 'folds';
      readonly folds: readonly Fold[];
      readonly number: number;
      readonly updates: number;
    }
  /** More was missed than is remembered: only everything will do. */
  | { readonly type: 'reset'; readonly updates: number };

/** How many updates were folded into what is due; 0 when it is one, as it was. */
export function conflatedIn({ type, updates }: Due): number {
  return type === 'reset' || updates > 1 ? updates : 0;
}

/** How much is remembered for a reader that lags. */
export interface BacklogLimits {
  /** Updates kept as they are. With one more, all are folded into one per Session, so that no stale state is sent. */
  readonly updates: number;
  /** Sessions in such a fold. With one more the reader gets everything anew. */
  readonly sessions: number;
}

/** 64 updates are a burst that a healthy reader takes in its stride; 1,000 folded Sessions are 100 kB of references. */
export const DEFAULT_BACKLOG_LIMITS: BacklogLimits = { updates: 64, sessions: 1_000 };

/** The updates that a reader has not taken yet: bounded, and folded beyond the bound (S5). */
export interface Backlog {
  add(revision: Revision): void;
  /** Takes what is due next; null when nothing is. */
  take(): Due | null;
  clear(): void;
}

/** An empty backlog. */
export function createBacklog(limits: BacklogLimits): Backlog {
  const queue: Revision[] = [];
  const folded = new Map<SessionId, Fold>();
  let state: 'queueing' | 'folding' | 'lost' = 'queueing';
  let updates = 0;
  let number = 0;

  return {
    add(revision) {
      updates += 1;
      number = revision.number;
      if (state === 'queueing') {
        queue.push(revision);
        if (queue.length > limits.updates) foldQueue();
      } else if (state === 'folding') {
        fold(revision);
      }
    },
    take() {
      if (state === 'queueing') return takeOne();
      const due: Due =
        state === 'lost'
          ? { type: 'reset', updates }
          : { type: 'folds', folds: [...folded.values()], number, updates };
      clear();
      return due;
    },
    clear,
  };

  function takeOne(): Due | null {
    const revision = queue.shift();
    if (!revision) return null;
    updates -= 1;
    return { type: 'folds', folds: [foldOf(revision)], number: revision.number, updates: 1 };
  }

  function foldQueue(): void {
    state = 'folding';
    for (const revision of queue) fold(revision);
    queue.length = 0;
  }

  function fold(revision: Revision): void {
    if (state === 'lost') return;
    const known = folded.get(revision.id);
    folded.set(revision.id, known ? { ...known, after: revision.after, revision: null } : foldOf(revision));
    if (folded.size <= limits.sessions) return;
    state = 'lost';
    folded.clear();
  }

  function clear(): void {
    queue.length = 0;
    folded.clear();
    state = 'queueing';
    updates = 0;
  }
}

function foldOf(revision: Revision): Fold {
  return { before: revision.before, after: revision.after, revision };
}
