import type { ReaderCounts } from '../lib/metrics.js';
import type { Revision } from '../store/journal.js';
import {
  type Backlog,
  type BacklogLimits,
  countConflated,
  createBacklog,
  type PendingUpdate,
} from './backlog.js';
import type { Delivery, Group, Member } from './group.js';
import { isRepeated, type Payload } from './payload.js';

/** Connection that a reader's payloads are sent over. */
export interface Sink {
  /** Whether it sends the compressed form of payloads that have one. */
  readonly isCompressed: boolean;
  /** Whether a new reader has to wait for {@link Reader.resume}, because the connection's buffer is full. */
  readonly isPaused: boolean;
  /** Whether the client has ended the subscription, or left. */
  readonly isEnded: boolean;
  send(payload: Payload): void;
}

/** Settings of a reader. */
export interface ReaderOptions {
  /** Cursor that the client saw last (S4). */
  readonly since: string | null;
  /** Limits of the backlog while the reader lags. */
  readonly limits: BacklogLimits;
  /** Counters of the transport, which its readers share. */
  readonly counts: ReaderCounts;
}

/**
 * Sends a group's payloads to a sink. The owner of the sink pauses and resumes it (S5):
 *
 *     following ──pause()──► lagging: updates are merged
 *         ▲──── resume(): one payload with the newest state ────┘
 *
 * A reader also lags while a payload is executed in slices, and while its group waits for a flush.
 *
 * A class uses less memory than closures: see the measurement in `server/websocket/connection.ts`.
 */
export class Reader implements Member {
  from: number;
  readonly #group: Group;
  readonly #sink: Sink;
  readonly #limits: BacklogLimits;
  readonly #counts: ReaderCounts;
  #backlog: Backlog | null = null;
  /** Identity of the payload that was sent last. */
  #last: Buffer | null = null;
  #isPaused = false;
  /** Whether a payload is being executed. */
  #isExecuting = false;
  /** Whether the group has handed over updates before its flush. */
  #isDeferred = false;
  #isEnded = false;
  /** Whether the client lacks the state: its last payload was an error. The next update is a `reset` (S3). */
  #isBehind = false;
  /** Whether the complete state has to be sent instead of updates. */
  #needsState = false;
  /** Payload whose execution ended while the reader was paused. */
  #late: Payload | null = null;
  #releaseLate: (() => void) | undefined;

  /** Sends the first payload synchronously (S1), unless it is executed in slices or the sink is paused. */
  constructor(group: Group, sink: Sink, { since, limits, counts }: ReaderOptions) {
    this.#group = group;
    this.#sink = sink;
    this.#limits = limits;
    this.#counts = counts;
    this.from = group.store.revision;
    const missed = since === null ? null : findMissed(group, since);
    group.join(this);
    counts.open += 1;
    if (sink.isPaused) this.#beginPause();
    if (missed !== null) this.#replay(missed);
    else if (this.#isPaused) this.#needsState = true;
    else this.#deliver(group.snapshot());
  }

  get isCompressed(): boolean {
    return this.#sink.isCompressed;
  }

  notify(updates: readonly Delivery[]): void {
    for (const update of updates) {
      if (this.#backlog !== null) this.#backlog.add(update.revision);
      else if (this.#isBehind || this.#needsState) this.#needsState = true;
      else if (update.executed !== null) this.#send(update.executed);
      else this.#deliver(update.payload());
    }
    this.#isDeferred = false;
    this.#catchUp();
  }

  defer(updates: readonly Revision[]): void {
    this.#isDeferred = true;
    const backlog = this.#beginLag();
    for (const revision of updates) backlog.add(revision);
  }

  /** Stops sending until {@link resume}. Does nothing if it is paused or has ended. */
  pause(): void {
    if (this.#isPaused || this.#isEnded) return;
    this.#beginPause();
    this.#beginLag();
  }

  resume(): void {
    this.#unpause();
    const late = this.#late;
    if (late !== null) this.#send(late);
    this.#dropLate();
    this.#catchUp();
  }

  /** Ends the reader and releases its memory (S7). A second call has no effect. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#counts.open -= 1;
    this.#group.leave(this);
    this.#unpause();
    this.#backlog = null;
    this.#dropLate();
  }

  #beginPause(): void {
    this.#isPaused = true;
    this.#counts.lagging += 1;
  }

  #unpause(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#counts.lagging -= 1;
  }

  /** Starts a backlog that merges every update: a reader that has lagged is sent only the newest state. */
  #beginLag(): Backlog {
    this.#backlog ??= createBacklog({ ...this.#limits, updates: 0 });
    return this.#backlog;
  }

  #replay(missed: readonly Revision[]): void {
    const backlog = createBacklog(this.#limits);
    for (const revision of missed) if (this.#group.projection.matches(revision)) backlog.add(revision);
    this.#backlog = backlog;
    this.#catchUp();
  }

  /** Sends pending updates until the backlog is empty or sending must wait. */
  #catchUp(): void {
    while (this.#hasPending && !this.#isPaused && !this.#isExecuting && !this.#isDeferred) {
      const pending = this.#takePending();
      if (pending === null) this.#backlog = null;
      else this.#sendPending(pending);
      // The owner of the sink does not know a reader yet that replays updates when it is created.
      if (this.#sink.isPaused) this.pause();
    }
  }

  get #hasPending(): boolean {
    return this.#backlog !== null || this.#needsState;
  }

  /** Takes the next updates, or the complete state if the client has missed something. */
  #takePending(): PendingUpdate | null {
    const pending = this.#backlog?.take() ?? null;
    if (!this.#needsState && !(this.#isBehind && pending !== null)) return pending;
    this.#needsState = false;
    // The complete state contains the other updates too.
    this.#backlog = null;
    return { type: 'reset', updates: pending === null || pending.updates === 1 ? 0 : pending.updates };
  }

  #sendPending(next: PendingUpdate): void {
    const isOther = leadsToOther(this.#group, next);
    const pending: PendingUpdate = isOther ? { type: 'reset', updates: next.updates } : next;
    this.#counts.conflated += countConflated(pending);
    // The complete state includes updates that the group has not delivered yet.
    if (pending.type === 'reset') this.from = this.#group.store.revision;
    const payload = this.#group.pendingPayload(pending);
    if (payload !== null) this.#deliver(payload);
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
      if (this.#isPaused) this.#keepLate(executed);
      else this.#send(executed);
      this.#catchUp();
    });
  }

  #keepLate(payload: Payload): void {
    this.#late = payload;
    // Nothing to cut here: a connection that does not drain has its own deadline.
    this.#releaseLate = payload.memory?.retain(() => {});
  }

  #dropLate(): void {
    this.#late = null;
    this.#releaseLate?.();
    this.#releaseLate = undefined;
  }

  #send(payload: Payload): void {
    // The complete state may be within the limits although an update is not.
    if (payload.isFailed && !payload.isSnapshot) {
      this.#needsState = true;
      return;
    }
    if (isRepeated(payload, this.#last) || (payload.isFailed && this.#isBehind)) return;
    this.#isBehind = payload.isFailed;
    this.#last = payload.identity;
    this.#counts.payloads += 1;
    this.#sink.send(payload);
  }
}

/**
 * Whether merged updates lead to another Session than the one that the client holds: they are replaced by the
 * complete state. If the other Session was known before, but GONE, they may be of that one alone. They merge
 * to a difference between two of its states, and the client holds neither. A single update tells by itself
 * that it switches.
 */
function leadsToOther({ projection }: Group, next: PendingUpdate): boolean {
  if (projection.showsSet || next.type === 'reset' || next.updates === 1) return false;
  // A later switch counts too, because the complete state includes it.
  return next.merged.length > 1 || projection.hasSwitchedSince?.(next.first) === true;
}

/** Returns the revisions after a cursor; null if the reader has to be sent the complete state. */
function findMissed({ store, projection }: Group, since: string): readonly Revision[] | null {
  const missed = store.since(since, projection.sessionId, projection.concerns);
  return missed === null || projection.isComplete?.(missed) === false ? null : missed;
}
