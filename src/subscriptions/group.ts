import type { Revision } from '../store/journal.js';
import { type PendingUpdate, pendingEvent } from './backlog.js';
import type { FlushScheduler } from './flush-scheduler.js';
import type { Payload, PayloadMaker } from './payload.js';
import {
  type Projection,
  type SourceEvent,
  snapshotEvent,
  type UpdateSource,
  updateEvent,
} from './projection.js';
import {
  createSharedPayloads,
  keyOfMerged,
  type SharedPayloads,
  type SnapshotCache,
} from './shared-payloads.js';

/** One update on its way to the readers of a group. */
export interface Delivery {
  readonly revision: Revision;
  /**
   * Returns the payload, which is executed once for all readers, when the first one asks. A promise never
   * rejects.
   */
  payload(): Payload | Promise<Payload>;
  /** The payload, once it is executed. Read by each reader of a burst, so it is a field and not a call. */
  readonly executed: Payload | null;
}

/** A reader that is notified of updates at the end of their tick. */
export interface Member {
  /** Number of the revision that it started at. It has what came before. */
  readonly from: number;
  /** Whether its connection is compressed. */
  readonly isCompressed: boolean;
  notify(updates: readonly Delivery[]): void;
  /**
   * Takes updates to be merged, because too many arrived before the group was flushed. Their payloads are not
   * executed.
   */
  defer(updates: readonly Revision[]): void;
}

/** Readers of equal subscriptions: each update is executed and serialised once for all of them. */
export interface Group {
  readonly store: UpdateSource;
  readonly projection: Projection<SourceEvent>;
  /** Number of readers. */
  readonly readers: number;
  /** Whether the connection of a reader is compressed. */
  readonly isCompressed: boolean;
  /**
   * Returns the payload of pending updates, which is executed once for all readers that missed the same ones.
   * Null if they contain nothing that the readers select. A promise never rejects.
   */
  pendingPayload(pending: PendingUpdate): Payload | Promise<Payload> | null;
  /** Returns the payload of the complete state in this tick. */
  snapshot(): Payload | Promise<Payload>;
  /** Notifies a member of each update from the next one on. */
  join(member: Member): void;
  /** Does nothing for a member that has left already. */
  leave(member: Member): void;
}

/** Dependencies of a group. */
export interface GroupOptions {
  readonly store: UpdateSource;
  readonly projection: Projection<SourceEvent>;
  readonly scheduler: FlushScheduler;
  readonly maker: PayloadMaker;
  readonly cache: SnapshotCache;
  /** Called when the last reader has left. */
  readonly onEmpty: () => void;
}

/** Number of updates that may wait for a flush. With one more, each member merges them into one payload. */
const MAX_PENDING = 64;

/** Creates a group without readers. It listens to the store while it has some. */
export function createGroup({ store, projection, scheduler, maker, cache, onEmpty }: GroupOptions): Group {
  const members = new Set<Member>();
  const payloads = createSharedPayloads({ maker, cache, mayKeep: () => members.size > 0 });
  const flush = { run: notifyAll };
  let pending: Revision[] = [];
  let isScheduled = false;
  let isDeferred = false;
  /** Whether a pending update is a replayed one. */
  let hasReplayed = false;
  let leaveStore = () => {};
  let compressed = 0;

  return {
    store,
    projection,
    get readers() {
      return members.size;
    },
    get isCompressed() {
      return compressed > 0;
    },
    pendingPayload(pending) {
      const key = keyOfMerged(pending);
      const known = payloads.find(key);
      if (known) return known;
      const event = pendingEvent(projection, store, pending, key);
      return event === null ? null : payloads.payloadOf(event);
    },
    snapshot: () => payloads.payloadOf(snapshotEvent(projection, store)),
    join(member) {
      if (members.size === 0) leaveStore = store.subscribe(onRevision, projection.sessionId);
      members.add(member);
      if (!member.isCompressed) return;
      // A large one was not compressed when it was made.
      if (compressed === 0) payloads.drop();
      compressed += 1;
    },
    leave(member) {
      if (!members.delete(member)) return;
      if (member.isCompressed) compressed -= 1;
      if (members.size > 0) return;
      leaveStore();
      pending = [];
      payloads.drop();
      onEmpty();
    },
  };

  function onRevision(revision: Revision): void {
    if (!projection.matches(revision)) return;
    payloads.drop();
    pending.push(revision);
    if (revision.isReplayed) hasReplayed = true;
    if (pending.length > MAX_PENDING) deferAll();
    if (isScheduled) return;
    isScheduled = true;
    scheduler.schedule(flush);
  }

  /**
   * Too many updates arrived before the group was flushed, or updates of the past: its members merge them
   * (S5).
   */
  function deferAll(): void {
    const updates = pending;
    pending = [];
    isDeferred = true;
    for (const member of members) member.defer(updates.filter(({ number }) => number > member.from));
  }

  function notifyAll(): void {
    isScheduled = false;
    if (hasReplayed) deferAll();
    hasReplayed = false;
    const deliveries: Delivery[] = [];
    for (const revision of pending) {
      const event = updateEvent(projection, store, revision);
      if (event !== null) deliveries.push(createDelivery(revision, event, payloads));
    }
    pending = [];
    const [first] = deliveries;
    if (!first && !isDeferred) return;
    isDeferred = false;
    for (const member of members) {
      const isNew = first !== undefined && member.from >= first.revision.number;
      member.notify(isNew ? deliveries.filter(({ revision }) => revision.number > member.from) : deliveries);
    }
  }
}

/** Creates a delivery that executes its payload once. */
function createDelivery(revision: Revision, event: SourceEvent, payloads: SharedPayloads): Delivery {
  let payload: Payload | Promise<Payload> | null = null;
  const delivery: Delivery & { executed: Payload | null } = {
    revision,
    executed: null,
    payload() {
      payload ??= payloads.payloadOf(event);
      if (!(payload instanceof Promise)) delivery.executed = payload;
      return payload;
    },
  };
  return delivery;
}
