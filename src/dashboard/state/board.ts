import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Client, LinkState, TargetsView } from '../../client/client.js';
import { ClientError } from '../../client/client-error.js';
import { messageOf } from '../../lib/errors.js';
import type { Session, Target, Transition } from '../model/types.js';
import type { Frames } from './frames.js';

/** What the page knows. */
export interface Board {
  readonly link: ReadonlySignal<LinkState>;
  /** Every Session, by id; null until the first news. */
  readonly sessions: ReadonlySignal<ReadonlyMap<string, Session> | null>;
  /** The Session that is looked at closely; null for none. */
  readonly detail: ReadonlySignal<Detail | null>;
  /** Why there is no news, where a visitor can do something about it; null otherwise. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  /** Follows the whole history of one target; returns the end of it. */
  followHistory(
    session: string,
    target: { readonly key: string; readonly name: string },
    show: (history: readonly Transition[]) => void,
  ): () => void;
}

/** What is to be followed closely. */
interface Wanted {
  /** The id of a Session; null for none. */
  readonly session: ReadonlySignal<string | null>;
  /** How many changes of each of its targets: with many targets, each one more is much to send. */
  readonly history: ReadonlySignal<number>;
}

/** A Session that is looked at closely. */
export interface Detail {
  readonly id: string;
  /** Null while there is none of this id; undefined until the first news. */
  readonly session: ReadonlySignal<Session | null | undefined>;
  /** Its targets by key, in Tilt's order. The map is another only when a target came or went. */
  readonly targets: ReadonlySignal<Targets>;
}

/** Targets by key (the name, or `name#2` for the second one of that name), each with its newest state. */
type Targets = ReadonlyMap<string, ReadonlySignal<Target>>;

/** What a part of the page gets that shows a Session with its targets. */
export interface SessionProps {
  readonly session: Session;
  readonly targets: ReadonlySignal<Targets>;
}

/** What stands in the way of news. */
interface Trouble {
  readonly isSignedOut: boolean;
  /** One line: what the gateway says. */
  readonly message: string;
}

/** As many changes of one target as the gateway keeps. */
const WHOLE_HISTORY = 50;

/**
 * Follows all Sessions, and closely the one that is wanted. The page changes once a frame, whatever comes. It goes on
 * until the page is left.
 */
export function createBoard(
  client: Pick<Client, 'watchSessions' | 'watchTargets' | 'query'>,
  wanted: Wanted,
  frames: Frames,
): Board {
  const link = signal<LinkState>({ state: 'connecting', since: Date.now(), error: null, url: null });
  const sessions = signal<ReadonlyMap<string, Session> | null>(null);
  const trouble = signal<Trouble | null>(null);
  const opened = computed(() => (wanted.session.value === null ? null : openDetail(wanted.session.value)));
  const detail = computed(() => opened.value?.detail ?? null);

  void follow(client.watchSessions(), 'sessions', (view) => {
    if (view.link.state === 'lost' && link.value.state !== 'lost') void explainLoss();
    if (view.link.state === 'live') trouble.value = null;
    link.value = view.link;
    if (view.cursor !== null) sessions.value = view.sessions;
  });
  effect(() => {
    if (opened.value === null) return;
    const { detail, show } = opened.value;
    const ending = new AbortController();
    const history = wanted.history.value;
    const views = client.watchTargets({ session: detail.id, history, signal: ending.signal });
    void follow(views, `targets of ${detail.id}`, show);
    return () => ending.abort();
  });

  return {
    link,
    sessions,
    detail,
    trouble,
    followHistory(session, { key, name }, show) {
      const ending = new AbortController();
      const where = { name };
      const views = client.watchTargets({ session, where, history: WHOLE_HISTORY, signal: ending.signal });
      void follow(views, `history of ${session}#${key}`, ({ targets }) => {
        const found = targets.get(key);
        if (found && !ending.signal.aborted) show(found.history);
      });
      return () => ending.abort();
    },
  };

  /**
   * A browser does not tell why a WebSocket was refused, by the gateway or by a proxy; of an answer to a query it does. Whatever
   * it says, the link is tried again.
   */
  async function explainLoss(): Promise<void> {
    try {
      await client.query('{ __typename }');
    } catch (error) {
      if (!(error instanceof ClientError) || !EXPLAINING.has(error.code)) return;
      frames.put('trouble', () => {
        if (link.value.state === 'lost') trouble.value = troubleOf(error);
      });
    }
  }

  async function follow<T>(views: AsyncIterable<T>, key: string, show: (view: T) => void): Promise<void> {
    try {
      for await (const view of views) frames.put(key, () => show(view));
    } catch (error) {
      frames.put('trouble', () => {
        trouble.value = troubleOf(error);
      });
    }
  }
}

/** What a visitor can do something about. */
const EXPLAINING: ReadonlySet<ClientError['code']> = new Set(['UNAUTHENTICATED', 'REFUSED']);

function openDetail(id: string): { readonly detail: Detail; show(view: TargetsView): void } {
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

/** Gives each target its newest state; the same map where none came or went. */
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

function troubleOf(error: unknown): Trouble {
  return {
    isSignedOut: error instanceof ClientError && error.code === 'UNAUTHENTICATED',
    message: messageOf(error),
  };
}
