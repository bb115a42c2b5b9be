import type { Revision } from '../store/journal.js';
import type { Store } from '../store/store.js';
import { type Backlog, type BacklogLimits, createBacklog, type Due } from './backlog.js';
import { dueEvent } from './events.js';
import type { Group, Member, Told } from './group.js';
import { isRepeated, type Payload } from './payload.js';

/** Where a pushed reader's payloads go. */
export interface Outlet {
  send(payload: Payload): void;
}

/** What all pushed readers work with. */
export interface PushedReaderOptions {
  readonly store: Store;
  /** For a reader that lags. */
  readonly limits: BacklogLimits;
}

/**
 * Sends a group's payloads to an outlet. Who owns the outlet says when it takes no more, and when it does again (S5):
 *
 *     following ──pause()──► lagging: updates are folded
 *         ▲──── resume(): one payload with the newest state ────┘
 *
 * A class, not closures: see websocket-connection.ts for what that saves.
 */
export class PushedReader implements Member {
  readonly from: number;
  readonly #options: PushedReaderOptions;
  readonly #group: Group;
  readonly #outlet: Outlet;
  #lag: Backlog | null = null;
  #last: Payload | null = null;

  /**
   * Sends the first payload before it returns (S1).
   *
   * @param since the cursor last seen (S4)
   */
  constructor(options: PushedReaderOptions, group: Group, outlet: Outlet, since: string | null) {
    this.#options = options;
    this.#group = group;
    this.#outlet = outlet;
    this.from = options.store.revision;
    const missed = since === null ? null : options.store.since(since);
    group.join(this);
    if (missed === null) this.#send(group.snapshot());
    else this.#replay(missed);
  }

  tell(updates: readonly Told[]): void {
    if (this.#lag === null) for (const { payload } of updates) this.#send(payload);
    else for (const { revision } of updates) this.#lag.add(revision);
  }

  /** The outlet takes no more. */
  pause(): void {
    this.#lag ??= createBacklog({ ...this.#options.limits, updates: 0 });
  }

  /** The outlet takes more. */
  resume(): void {
    const due = this.#lag?.take() ?? null;
    this.#lag = null;
    if (due !== null) this.#sendDue(due);
  }

  /** Sends nothing any more. Harmless when called twice. */
  end(): void {
    this.#group.leave(this);
  }

  #replay(missed: readonly Revision[]): void {
    const backlog = createBacklog(this.#options.limits);
    for (const revision of missed) if (this.#group.view.wants(revision)) backlog.add(revision);
    for (let due = backlog.take(); due !== null; due = backlog.take()) this.#sendDue(due);
  }

  #sendDue(due: Due): void {
    const event = dueEvent(this.#group.view, this.#options.store, due);
    if (event !== null) this.#send(this.#group.payloadOf(event));
  }

  #send(payload: Payload): void {
    if (isRepeated(payload, this.#last)) return;
    this.#last = payload;
    this.#outlet.send(payload);
  }
}
