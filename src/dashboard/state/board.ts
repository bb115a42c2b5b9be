import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Client, LinkState } from '../../client/client.js';
import { ClientError } from '../../client/client-error.js';
import { messageOf } from '../../lib/errors.js';
import type { Session } from '../model/types.js';
import { createDetail, createInitialLink, type Detail } from './detail.js';
import { type FrameScheduler, showViews } from './frames.js';
import { watchLabelled } from './labelled-sessions.js';
import { createTargetWatches, type TargetWatches, type WatchErrors } from './target-watches.js';

/** The data of the page. */
export interface Board extends TargetWatches {
  /** State of the connection to the gateway, as the watch of all Sessions sees it. */
  readonly link: ReadonlySignal<LinkState>;
  /** All Sessions by id; null until they are received. */
  readonly sessions: ReadonlySignal<ReadonlyMap<string, Session> | null>;
  /**
   * Ids of the Sessions with the selected label; null when none is selected, and until they are received or
   * after an error.
   */
  readonly labelled: ReadonlySignal<ReadonlySet<string> | null>;
  /** The selected Session; null when none is selected. */
  readonly detail: ReadonlySignal<Detail | null>;
  /** An error that the visitor may be able to fix; null otherwise. */
  readonly error: ReadonlySignal<BoardError | null>;
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

/**
 * Watches all Sessions, and the targets of the selected one, for the lifetime of the page. Renders once a
 * frame.
 *
 * No watch resumes: after a reconnect it would show missed states one by one as current ones, and would be
 * live after a silence, in which its first payload may still be on its way.
 */
export function createBoard(
  client: Pick<Client, 'watchSessions' | 'watchTargets' | 'watchResources' | 'log' | 'query'>,
  selection: BoardSelection,
  frames: FrameScheduler,
): Board {
  const link = signal(createInitialLink());
  const sessions = signal<ReadonlyMap<string, Session> | null>(null);
  /** Why the connection was lost; null while it is not. */
  const lossError = signal<BoardError | null>(null);
  /** Errors of ended watches, by key. Their views are outdated until they are opened again. */
  const watchErrors = signal<ReadonlyMap<string, BoardError>>(new Map());
  const error = computed(() => lossError.value ?? [...watchErrors.value.values()][0] ?? null);
  const errors = createWatchErrors(watchErrors, frames);
  const opened = computed(() => {
    const id = selection.session.value;
    return id === null ? null : createDetail(id);
  });
  const detail = computed(() => opened.value?.detail ?? null);

  show(
    client.watchSessions({ resume: false }),
    'sessions',
    (view) => {
      if (view.link.state === 'lost' && link.value.state !== 'lost') void explainLoss();
      if (view.link.state === 'live') lossError.value = null;
      link.value = view.link;
      if (view.cursor !== null) sessions.value = view.sessions;
    },
    (reason) => {
      errors.show('sessions', reason);
      // The last view of an ended watch may be live: the tab would stay green.
      frames.schedule('end of sessions', () => {
        link.value = { ...link.value, state: 'lost', since: Date.now(), error: messageOf(reason) };
      });
    },
  );
  effect(() => {
    if (opened.value === null) return;
    const { detail, showTargets } = opened.value;
    const stopping = new AbortController();
    const history = selection.history.value;
    const views = client.watchTargets({
      session: detail.id,
      history,
      resume: false,
      signal: stopping.signal,
    });
    const key = `targets of ${detail.id}`;
    show(views, key, showTargets);
    return () => {
      stopping.abort();
      errors.clear(key);
    };
  });
  effect(() => {
    if (opened.value === null) return;
    const { detail, showResources } = opened.value;
    const stopping = new AbortController();
    const views = client.watchResources({ session: detail.id, signal: stopping.signal });
    // The page is useful without these facts, too.
    show(views, `resources of ${detail.id}`, showResources, () => {});
    return () => stopping.abort();
  });
  const labelled = watchLabelled(client, selection.label, frames, errors);

  return {
    link,
    sessions,
    labelled,
    detail,
    error,
    ...createTargetWatches(client, frames, errors),
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
        if (link.value.state === 'lost') lossError.value = toBoardError(reason);
      });
    }
  }

  function show<T>(
    views: AsyncIterable<T>,
    key: string,
    showView: (view: T) => void,
    fail: (reason: unknown) => void = (reason) => errors.show(key, reason),
  ): void {
    void showViews(frames, views, key, showView, fail);
  }
}

/** Collects the errors of watches. */
function createWatchErrors(
  shown: Signal<ReadonlyMap<string, BoardError>>,
  frames: FrameScheduler,
): WatchErrors {
  return {
    show(key, reason) {
      frames.schedule(`error of ${key}`, () => {
        shown.value = new Map(shown.peek()).set(key, toBoardError(reason));
      });
    },
    clear(key) {
      frames.schedule(`error of ${key}`, () => {
        if (shown.peek().has(key))
          shown.value = new Map([...shown.peek()].filter(([other]) => other !== key));
      });
    },
  };
}

const FIXABLE_CODES: ReadonlySet<ClientError['code']> = new Set(['UNAUTHENTICATED', 'REFUSED']);

function toBoardError(error: unknown): BoardError {
  return {
    isSignedOut: error instanceof ClientError && error.code === 'UNAUTHENTICATED',
    message: messageOf(error),
  };
}
