import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Client, LinkState, TargetsView } from '../../client/client.js';
import { ClientError } from '../../client/client-error.js';
import { messageOf } from '../../lib/errors.js';
import type { HistoryEntry, Session, Target } from '../model/types.js';

/** The data of the page. */
export interface Board {
  /** State of the connection to the gateway. */
  readonly link: ReadonlySignal<LinkState>;
  /** All Sessions by id; null until they are received. */
  readonly sessions: ReadonlySignal<ReadonlyMap<string, Session> | null>;
  /** The selected Session; null when none is selected. */
  readonly detail: ReadonlySignal<Detail | null>;
  /** An error that the visitor may be able to fix; null otherwise. */
  readonly error: ReadonlySignal<BoardError | null>;
  /** Watches the full history of one target. Returns a function that stops. */
  watchHistory(
    session: string,
    target: { readonly key: string; readonly name: string },
    show: (history: readonly HistoryEntry[]) => void,
  ): () => void;
}

/** The Session whose targets are watched. */
interface BoardSelection {
  /** Its id; null for none. */
  readonly session: ReadonlySignal<string | null>;
  /** Number of history entries for each target. With many targets, each entry adds much traffic. */
  readonly history: ReadonlySignal<number>;
}

/** The selected Session with its targets. */
export interface Detail {
  readonly id: string;
  /** Null while no Session has this id; undefined until the first payload. */
  readonly session: ReadonlySignal<Session | null | undefined>;
  /** Its targets by key, in Tilt's order. The map changes only when a target is added or removed. */
  readonly targets: ReadonlySignal<Targets>;
}

/** Targets by key (the name, or `name#2` for the second one of that name), each with its newest state. */
type Targets = ReadonlyMap<string, ReadonlySignal<Target>>;

/** Properties of components that show a Session with its targets. */
export interface SessionProps {
  readonly session: Session;
  readonly targets: ReadonlySignal<Targets>;
}

interface BoardError {
  readonly isSignedOut: boolean;
  /** The gateway's message, in one line. */
  readonly message: string;
}

/** History entries that a gateway keeps for each target. */
const MAX_HISTORY = 50;

/**
 * Watches all Sessions, and the targets of the selected one, for the lifetime of the page. Renders once a
 * frame.
 */
export function createBoard(
  client: Pick<Client, 'watchSessions' | 'watchTargets' | 'query'>,
  selection: BoardSelection,
  frames: FrameScheduler,
): Board {
  const link = signal<LinkState>({ state: 'connecting', since: Date.now(), error: null, url: null });
  const sessions = signal<ReadonlyMap<string, Session> | null>(null);
  const error = signal<BoardError | null>(null);
  const opened = computed(() => {
    const id = selection.session.value;
    return id === null ? null : createDetail(id);
  });
  const detail = computed(() => opened.value?.detail ?? null);

  void renderViews(client.watchSessions(), 'sessions', (view) => {
    if (view.link.state === 'lost' && link.value.state !== 'lost') void explainLoss();
    if (view.link.state === 'live') error.value = null;
    link.value = view.link;
    if (view.cursor !== null) sessions.value = view.sessions;
  });
  effect(() => {
    if (opened.value === null) return;
    const { detail, show } = opened.value;
    const stopping = new AbortController();
    const history = selection.history.value;
    const views = client.watchTargets({ session: detail.id, history, signal: stopping.signal });
    void renderViews(views, `targets of ${detail.id}`, show);
    return () => stopping.abort();
  });

  return {
    link,
    sessions,
    detail,
    error,
    watchHistory(session, { key, name }, show) {
      const stopping = new AbortController();
      const where = { name };
      const views = client.watchTargets({ session, where, history: MAX_HISTORY, signal: stopping.signal });
      void renderViews(views, `history of ${session}#${key}`, ({ targets }) => {
        const found = targets.get(key);
        if (found && !stopping.signal.aborted) show(found.history);
      });
      return () => stopping.abort();
    },
  };

  /**
   * Browsers hide why a WebSocket was rejected by the gateway or a proxy, but show the response to a query.
   * The client keeps reconnecting in any case.
   */
  async function explainLoss(): Promise<void> {
    try {
      await client.query('{ __typename }');
    } catch (reason) {
      if (!(reason instanceof ClientError) || !FIXABLE_CODES.has(reason.code)) return;
      frames.schedule('error', () => {
        if (link.value.state === 'lost') error.value = toBoardError(reason);
      });
    }
  }

  async function renderViews<T>(
    views: AsyncIterable<T>,
    key: string,
    show: (view: T) => void,
  ): Promise<void> {
    try {
      for await (const view of views) frames.schedule(key, () => show(view));
    } catch (reason) {
      frames.schedule('error', () => {
        error.value = toBoardError(reason);
      });
    }
  }
}

const FIXABLE_CODES: ReadonlySet<ClientError['code']> = new Set(['UNAUTHENTICATED', 'REFUSED']);

function createDetail(id: string): { readonly detail: Detail; show(view: TargetsView): void } {
  const session = signal<Session | null | undefined>(undefined);
  const targets = signal<ReadonlyMap<string, Signal<Target>>>(new Map());
  return {
    detail: { id, session, targets },
    show(view) {
      if (view.cursor === null) return;
      session.value = view.session;
      targets.value = mergeTargets(targets.value, view.targets);
    },
  };
}

/** Updates the signal of each target. Returns the same map unless a target was added or removed. */
function mergeTargets(
  known: ReadonlyMap<string, Signal<Target>>,
  newest: ReadonlyMap<string, Target>,
): ReadonlyMap<string, Signal<Target>> {
  const merged = new Map<string, Signal<Target>>();
  let isSame = known.size === newest.size;
  for (const [name, target] of newest) {
    const old = known.get(name);
    if (old) old.value = target;
    else isSame = false;
    merged.set(name, old ?? signal(target));
  }
  return isSame ? known : merged;
}

function toBoardError(error: unknown): BoardError {
  return {
    isSignedOut: error instanceof ClientError && error.code === 'UNAUTHENTICATED',
    message: messageOf(error),
  };
}

/** Defers changes of the page to its next frame. */
interface FrameScheduler {
  /** Schedules a task; it replaces a pending one with the same key. */
  schedule(key: string, task: () => void): void;
}

/**
 * Delay while the page is hidden and has no frames, in milliseconds: the tab's title and notifications still
 * update.
 */
const HIDDEN_MS = 250;

/** Creates a scheduler that runs all tasks of a frame as one update. */
export function createFrameScheduler(): FrameScheduler {
  const tasks = new Map<string, () => void>();
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  return {
    schedule(key, task) {
      if (tasks.size === 0) {
        frame = requestAnimationFrame(run);
        timer = setTimeout(run, HIDDEN_MS);
      }
      tasks.set(key, task);
    },
  };

  function run(): void {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    const due = [...tasks.values()];
    tasks.clear();
    batch(() => {
      for (const task of due) task();
    });
  }
}
