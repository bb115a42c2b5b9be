import type { Revision } from '../store/journal.js';
import { type Backlog, type BacklogLimits, conflatedIn, createBacklog, type Due } from './backlog.js';
import { dueEvent } from './events.js';
import type { Group, Member, Told } from './group.js';
import { isRepeated, type Payload } from './payload.js';

/** Where a pushed reader's payloads go. */
export interface Outlet {
  send(payload: Payload): void;
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
  from: number;
  readonly #group: Group;
  readonly #outlet: Outlet;
  readonly #limits: BacklogLimits;
  #lag: Backlog | null = null;
  #last: Payload | null = null;

  /**
   * Sends the first payload before it returns (S1).
   *
   * @param since the cursor last seen (S4)
   * @param limits for a reader that lags
   */
  constructor(group: Group, outlet: Outlet, since: string | null, limits: BacklogLimits) {
    this.#group = group;
    this.#outlet = outlet;
    this.#limits = limits;
    this.from = group.store.revision;
    const missed = since === null ? null : group.store.since(since, group.view.only);
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
    if (this.#lag !== null) return;
    this.#lag = createBacklog({ ...this.#limits, updates: 0 });
    this.#group.metrics.pushed.lagging += 1;
  }

  /** The outlet takes more. */
  resume(): void {
    const due = this.#lag?.take() ?? null;
    this.#endLag();
    if (due !== null) this.#sendDue(due);
  }

  /** Sends nothing any more. Harmless when called twice. */
  end(): void {
    this.#group.leave(this);
    this.#endLag();
  }

  #endLag(): void {
    if (this.#lag === null) return;
    this.#lag = null;
    this.#group.metrics.pushed.lagging -= 1;
  }

  #replay(missed: readonly Revision[]): void {
    const backlog = createBacklog(this.#limits);
    for (const revision of missed) if (this.#group.view.wants(revision)) backlog.add(revision);
    for (let due = backlog.take(); due !== null; due = backlog.take()) this.#sendDue(due);
  }

  #sendDue(due: Due): void {
    this.#group.metrics.pushed.conflated += conflatedIn(due);
    // Everything anew has in it what its group has not told yet.
    if (due.type === 'reset') this.from = this.#group.store.revision;
    const event = dueEvent(this.#group.view, this.#group.store, due);
    if (event !== null) this.#send(this.#group.payloadOf(event));
  }

  #send(payload: Payload): void {
    if (isRepeated(payload, this.#last)) return;
    this.#last = payload;
    this.#group.metrics.pushed.payloads += 1;
    this.#outlet.send(payload);
  }
}
