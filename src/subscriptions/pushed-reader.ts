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
 * It lags as well while a payload is executed in slices, and while its group has no time.
 *
 * A class, not closures: see websocket-connection.ts for what that saves.
 */
export class PushedReader implements Member {
  from: number;
  readonly #group: Group;
  readonly #outlet: Outlet;
  readonly #limits: BacklogLimits;
  #lag: Backlog | null = null;
  /** The identity of the payload that was sent last. */
  #last: Buffer | null = null;
  /** The outlet takes no more. */
  #isBlocked = false;
  /** A payload is being executed. */
  #isExecuting = false;
  /** The group has handed over updates before its turn. */
  #isDeferred = false;
  #isEnded = false;
  /** A payload that was executed while the outlet took no more. */
  #late: Payload | null = null;
  #releaseLate: (() => void) | undefined;

  /**
   * Sends the first payload before it returns, unless that is executed in slices (S1).
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
    if (missed === null) this.#deliver(group.snapshot());
    else this.#replay(missed);
  }

  tell(updates: readonly Told[]): void {
    for (const { revision, payload } of updates) {
      if (this.#lag === null) this.#deliver(payload());
      else this.#lag.add(revision);
    }
    this.#isDeferred = false;
    this.#catchUp();
  }

  defer(updates: readonly Revision[]): void {
    this.#isDeferred = true;
    const lag = this.#beginLag();
    for (const revision of updates) lag.add(revision);
  }

  /** The outlet takes no more. */
  pause(): void {
    if (this.#isBlocked) return;
    this.#isBlocked = true;
    this.#group.metrics.pushed.lagging += 1;
    this.#beginLag();
  }

  /** The outlet takes more. */
  resume(): void {
    this.#unblock();
    const late = this.#late;
    if (late !== null) this.#send(late);
    this.#dropLate();
    this.#catchUp();
  }

  /** Sends nothing any more. Harmless when called twice. */
  end(): void {
    this.#isEnded = true;
    this.#group.leave(this);
    this.#unblock();
    this.#lag = null;
    this.#dropLate();
  }

  #unblock(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#group.metrics.pushed.lagging -= 1;
  }

  #beginLag(): Backlog {
    this.#lag ??= createBacklog({ ...this.#limits, updates: 0 });
    return this.#lag;
  }

  #replay(missed: readonly Revision[]): void {
    const backlog = createBacklog(this.#limits);
    for (const revision of missed) if (this.#group.view.wants(revision)) backlog.add(revision);
    this.#lag = backlog;
    this.#catchUp();
  }

  /** Sends what it has missed, as far as it may. */
  #catchUp(): void {
    while (this.#lag !== null && !this.#isBlocked && !this.#isExecuting && !this.#isDeferred) {
      const due = this.#lag.take();
      if (due === null) this.#lag = null;
      else this.#sendDue(due);
    }
  }

  #sendDue(due: Due): void {
    this.#group.metrics.pushed.conflated += conflatedIn(due);
    // Everything anew has in it what its group has not told yet.
    if (due.type === 'reset') this.from = this.#group.store.revision;
    const event = dueEvent(this.#group.view, this.#group.store, due);
    if (event !== null) this.#deliver(this.#group.payloadOf(event));
  }

  #deliver(payload: Payload | Promise<Payload>): void {
    if (!(payload instanceof Promise)) {
      this.#send(payload);
      return;
    }
    this.#isExecuting = true;
    this.#beginLag();
    void payload.then((executed) => {
      this.#isExecuting = false;
      if (this.#isEnded) return;
      if (this.#isBlocked) this.#keepLate(executed);
      else this.#send(executed);
      this.#catchUp();
    });
  }

  #keepLate(payload: Payload): void {
    this.#late = payload;
    // What blocks the outlet has a deadline of its own.
    this.#releaseLate = payload.memory?.retain(() => {});
  }

  #dropLate(): void {
    this.#late = null;
    this.#releaseLate?.();
    this.#releaseLate = undefined;
  }

  #send(payload: Payload): void {
    if (isRepeated(payload, this.#last)) return;
    this.#last = payload.identity;
    this.#group.metrics.pushed.payloads += 1;
    this.#outlet.send(payload);
  }
}
