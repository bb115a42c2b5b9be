import type { Context } from '../graphql/context.js';
import { createReaderCounts } from '../lib/metrics.js';
import type { ReadableStore } from '../store/scoped.js';
import type { BacklogLimits } from './backlog.js';
import { createReader } from './reader.js';
import type { LiveEvent, View } from './view.js';

/**
 * What a field of `Subscription` gives: a view that readers can share. It can be iterated as GraphQL asks for, and
 * then is a reader of its own.
 */
export interface Source<E extends LiveEvent = LiveEvent> extends AsyncIterable<E> {
  /** What is read. */
  readonly store: ReadableStore;
  /** What its payloads are executed with. */
  readonly context: Context;
  /** Readers of another scope do not share: see `Context`. */
  readonly scope: string;
  /** Of which Session it is, where the client left that out: readers of another one do not share. */
  readonly meant: string;
  /** The cursor last seen. */
  readonly since: string | null;
  openView(): View<E>;
}

/** A source of the view. */
export function createSource<E extends LiveEvent>(
  context: Context,
  limits: BacklogLimits,
  source: Pick<Source<E>, 'meant' | 'since' | 'openView'>,
): Source<E> {
  const { since, openView } = source;
  const { store, scope } = context;
  return {
    ...source,
    store,
    context,
    scope,
    [Symbol.asyncIterator]: () =>
      createReader({ store, view: openView(), since, limits, counts: createReaderCounts() }),
  };
}

/** Whether GraphQL's source event stream is one of ours, as it always is in our schema. */
export function isSource(stream: object): stream is Source {
  return 'openView' in stream && 'meant' in stream;
}
