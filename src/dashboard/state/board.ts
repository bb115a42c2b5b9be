import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Client, LinkState } from '../../client/client.js';
import { ClientError } from '../../client/client-error.js';
import { messageOf } from '../../lib/errors.js';
import type { HistoryEntry, Session } from '../model/types.js';
import { createDetail, type Detail } from './detail.js';

/** The data of the page. */
export interface Board {
  /** State of the connection to the gateway. */
  readonly link: ReadonlySignal<LinkState>;
  /** All Sessions by id; null until they are received. */
  readonly sessions: ReadonlySignal<ReadonlyMap<string, Session> | null>;
  /** Ids of the Sessions with the selected label; null when none is selected, and until they are received. */
  readonly labelled: ReadonlySignal<ReadonlySet<string> | null>;
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

/** Data to watch besides the list of all Sessions. */
interface BoardSelection {
  /** Id of the Session whose targets are watched; null for none. */
  readonly session: ReadonlySignal<string | null>;
  /** Glob for the label that a Session of the list must have; null for any. */
  readonly label: ReadonlySignal<string | null>;
  /** Number of history entries for each target. With many targets, each entry adds much traffic. */
  readonly history: ReadonlySignal<number>;
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
  client: Pick<Client, 'watchSessions' | 'watchTargets' | 'watchResources' | 'query'>,
  selection: BoardSelection,
  frames: FrameScheduler,
): Board {
  const link = signal<LinkState>({ state: 'connecting', since: Date.now(), error: null, url: null });
  const sessions = signal<ReadonlyMap<string, Session> | null>(null);
  const labelled = signal<ReadonlySet<string> | null>(null);
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
    const { detail, showTargets } = opened.value;
    const stopping = new AbortController();
    const history = selection.history.value;
    const views = client.watchTargets({ session: detail.id, history, signal: stopping.signal });
    void renderViews(views, `targets of ${detail.id}`, showTargets);
    return () => stopping.abort();
  });
  effect(() => {
    if (opened.value === null) return;
    const { detail, showResources } = opened.value;
    const stopping = new AbortController();
    const views = client.watchResources({ session: detail.id, signal: stopping.signal });
    // The page is useful without these facts, too.
    void renderViews(views, `resources of ${detail.id}`, showResources, () => {});
    return () => stopping.abort();
  });
  effect(() => {
    // The gateway filters by label: a Session's own fields do not include the labels of its resources.
    const label = selection.label.value;
    labelled.value = null;
    if (label === null) return;
    const stopping = new AbortController();
    const views = client.watchSessions({ where: { target: { label } }, signal: stopping.signal });
    const show = (ids: Iterable<string>) => {
      if (!stopping.signal.aborted) labelled.value = new Set(ids);
    };
    void renderViews(
      views,
      'label',
      ({ cursor, sessions: matching }) => {
        if (cursor !== null) show(matching.keys());
      },
      () => show([]),
    );
    return () => stopping.abort();
  });

  return {
    link,
    sessions,
    labelled,
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
    fail: (reason: unknown) => void = showError,
  ): Promise<void> {
    try {
      for await (const view of views) frames.schedule(key, () => show(view));
    } catch (reason) {
      fail(reason);
    }
  }

  function showError(reason: unknown): void {
    frames.schedule('error', () => {
      error.value = toBoardError(reason);
    });
  }
}

const FIXABLE_CODES: ReadonlySet<ClientError['code']> = new Set(['UNAUTHENTICATED', 'REFUSED']);

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
