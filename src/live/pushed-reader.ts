import type { Revision } from '../store/journal.js';
import type { Store } from '../store/store.js';
import { type Backlog, type BacklogLimits, createBacklog, type Due } from './backlog.js';
import { dueEvent } from './events.js';
import type { Group, Told } from './group.js';
import { isRepeated, type Payload } from './payload.js';

/** Where a pushed reader's payloads go. */
export interface Outlet {
  /** Whether it takes more now. While it does not, what happens is folded, and told when it does (S5). */
  readonly isReady: boolean;
  send(payload: Payload): void;
  /** Calls back once it takes more again. Only asked for when it does not. */
  whenReady(resume: () => void): void;
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
 *     following ──outlet is full──► lagging: updates are folded
 *         ▲──── outlet is ready: one payload with the newest state ────┘
 */
export function startPushedReader(options: PushedReaderOptions): () => void {
  const { store, group, outlet, since, limits } = options;
  let lag: Backlog | null = null;
  let last: Payload | null = null;
  let ended = false;

  const missed = since === null ? null : store.since(since);
  const leave = group.join({ from: store.revision, tell });
  if (missed === null) send(group.snapshot());
  else replay(missed.filter((revision) => group.view.wants(revision)));

  return () => {
    ended = true;
    lag?.clear();
    leave();
  };

  function replay(revisions: readonly Revision[]): void {
    const backlog = createBacklog(limits);
    for (const revision of revisions) backlog.add(revision);
    for (let due = backlog.take(); due !== null; due = backlog.take()) sendDue(due);
  }

  function tell(updates: readonly Told[]): void {
    if (lag === null && outlet.isReady) {
      for (const { payload } of updates) send(payload);
      return;
    }
    if (lag === null) outlet.whenReady(catchUp);
    lag ??= createBacklog({ ...limits, updates: 0 });
    for (const { revision } of updates) lag.add(revision);
  }

  function catchUp(): void {
    const due = ended ? null : (lag?.take() ?? null);
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
