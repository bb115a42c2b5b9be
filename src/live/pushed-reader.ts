import type { Revision } from '../store/journal.js';
import type { Store } from '../store/store.js';
import { type Backlog, type BacklogLimits, createBacklog, type Due } from './backlog.js';
import { dueEvent } from './events.js';
import type { Group, Told } from './group.js';
import { isRepeated, type Payload } from './payload.js';

/** Where a pushed reader's payloads go. */
export interface Outlet {
  send(payload: Payload): void;
  /** Tells when it takes no more, at once if it is so now, and when it does again. Returns the end of it. */
  onPressure(listener: PressureListener): () => void;
}

/** Who is told that an outlet takes no more, and that it does again. */
export interface PressureListener {
  pause(): void;
  resume(): void;
}

/** What a pushed reader works with. */
export interface PushedReaderOptions {
  readonly store: Store;
  readonly group: Group;
  readonly outlet: Outlet;
  /** The cursor last seen (S4). */
  readonly since: string | null;
  /** For a reader that lags. */
  readonly limits: BacklogLimits;
}

/**
 * Begins to send a group's payloads to an outlet, the first before this returns (S1). Returns the end of it.
 *
 *     following ──outlet takes no more──► lagging: updates are folded (S5)
 *         ▲──── outlet takes more: one payload with the newest state ────┘
 */
export function startPushedReader(options: PushedReaderOptions): () => void {
  const { store, group, outlet, since, limits } = options;
  let lag: Backlog | null = null;
  let last: Payload | null = null;

  const missed = since === null ? null : store.since(since);
  const leave = group.join({ from: store.revision, tell });
  if (missed === null) send(group.snapshot());
  else replay(missed.filter((revision) => group.view.wants(revision)));
  const stopListening = outlet.onPressure({ pause, resume });

  return () => {
    stopListening();
    leave();
  };

  function replay(revisions: readonly Revision[]): void {
    const backlog = createBacklog(limits);
    for (const revision of revisions) backlog.add(revision);
    for (let due = backlog.take(); due !== null; due = backlog.take()) sendDue(due);
  }

  function tell(updates: readonly Told[]): void {
    if (lag === null) for (const { payload } of updates) send(payload);
    else for (const { revision } of updates) lag.add(revision);
  }

  function pause(): void {
    lag ??= createBacklog({ ...limits, updates: 0 });
  }

  function resume(): void {
    const due = lag?.take() ?? null;
    lag = null;
    if (due !== null) sendDue(due);
  }

  function sendDue(due: Due): void {
    const event = dueEvent(group.view, store, due);
    if (event !== null) send(group.payloadOf(event));
  }

  function send(payload: Payload): void {
    if (isRepeated(payload, last)) return;
    last = payload;
    outlet.send(payload);
  }
}
