import type { Metrics } from '../lib/metrics.js';
import type { Revision } from '../store/journal.js';
import type { ReadableStore } from '../store/scoped.js';
import { snapshotEvent, updateEvent } from './events.js';
import type { Payload, PayloadMaker } from './payload.js';
import type { PayloadCache } from './payload-cache.js';
import type { Turn } from './turn.js';
import type { LiveEvent, View } from './view.js';

/** One update, as a group's members get it. */
export interface Told {
  readonly revision: Revision;
  /** Executed when the first member asks, once for all. A promise never rejects. */
  payload(): Payload | Promise<Payload>;
}

/** A reader that is told of updates when they happen, all those of a turn at once. */
export interface Member {
  /** The number of the revision it began at: what came before, it has. */
  readonly from: number;
  tell(updates: readonly Told[]): void;
  /** Takes updates that are merged into one, since there are too many before the group's turn. It is told of no payload. */
  defer(updates: readonly Revision[]): void;
}

/** Readers of one view: each update is executed and serialised once for all of them. */
export interface Group {
  readonly store: ReadableStore;
  readonly view: View<LiveEvent>;
  /** Where its readers count what they send. */
  readonly metrics: Metrics;
  /** How many readers it has, told or pulling. */
  readonly readers: number;
  /** How many of them pull. */
  readonly pulling: number;
  /** The payload of an event: executed when first asked for. A promise never rejects. */
  payloadOf(event: LiveEvent): Payload | Promise<Payload>;
  /** The payload that tells everything as it is in this tick. */
  snapshot(): Payload | Promise<Payload>;
  /** Tells a member of each update from the next one on. */
  join(member: Member): void;
  /** Harmless for one that is no member any more. */
  leave(member: Member): void;
  /** Counts a reader that pulls. Returns the end of it, harmless when called twice. */
  hold(): () => void;
}

/** What a group works with. */
export interface GroupOptions {
  readonly store: ReadableStore;
  readonly view: View<LiveEvent>;
  readonly turn: Turn;
  readonly metrics: Metrics;
  readonly maker: PayloadMaker;
  readonly cache: PayloadCache;
  /** Called when its last reader has left. */
  readonly onEmpty: () => void;
}

/** How many updates wait for the group's turn. With one more, each member merges them into one payload. */
const MAX_PENDING = 64;

/** A group without readers. It listens to the store while it has members. */
export function createGroup({ store, view, turn, metrics, maker, cache, onEmpty }: GroupOptions): Group {
  const members = new Set<Member>();
  const executing = new Map<string, Promise<Payload>>();
  const telling = { run: tellAll };
  let pulling = 0;
  let pending: Revision[] = [];
  let isScheduled = false;
  let isDeferred = false;
  /** The name under which the newest snapshot is kept, for readers that come in the same tick. */
  let snapshotName: string | null = null;
  let leaveStore = () => {};

  return {
    store,
    view,
    metrics,
    get readers() {
      return members.size + pulling;
    },
    get pulling() {
      return pulling;
    },
    payloadOf,
    snapshot: () => payloadOf(snapshotEvent(view, store)),
    join(member) {
      if (members.size === 0) leaveStore = store.subscribe(note, view.only);
      members.add(member);
    },
    leave(member) {
      if (!members.delete(member) || members.size > 0) return;
      leaveStore();
      pending = [];
      if (pulling === 0) end();
    },
    hold() {
      pulling += 1;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        pulling -= 1;
        // Nobody comes later for what members are told at once.
        if (pulling === 0) cache.clear();
        if (pulling + members.size === 0) end();
      };
    },
  };

  function end(): void {
    cache.clear();
    onEmpty();
  }

  function note(revision: Revision): void {
    if (!view.wants(revision)) return;
    if (snapshotName !== null) cache.delete(snapshotName);
    snapshotName = null;
    pending.push(revision);
    if (pending.length > MAX_PENDING) deferAll();
    if (isScheduled) return;
    isScheduled = true;
    turn.atEnd(telling);
  }

  /** The event loop has had no time for this group: its members merge what they have missed (S5). */
  function deferAll(): void {
    const updates = pending;
    pending = [];
    isDeferred = true;
    for (const member of members) member.defer(updates.filter(({ number }) => number > member.from));
  }

  function tellAll(): void {
    isScheduled = false;
    const told = pending.flatMap(toTold);
    pending = [];
    const [first] = told;
    if (!first && !isDeferred) return;
    isDeferred = false;
    for (const member of members) {
      const isNew = first !== undefined && member.from >= first.revision.number;
      member.tell(isNew ? told.filter(({ revision }) => revision.number > member.from) : told);
    }
  }

  function toTold(revision: Revision): Told[] {
    const event = updateEvent(view, store, revision);
    if (event === null) return [];
    let payload: Payload | Promise<Payload> | null = null;
    const once = () => {
      payload ??= payloadOf(event);
      return payload;
    };
    return [{ revision, payload: once }];
  }

  function payloadOf(event: LiveEvent): Payload | Promise<Payload> {
    const { sharedAs } = event;
    if (sharedAs === null) return maker.make(event);
    const known = cache.get(sharedAs) ?? executing.get(sharedAs);
    if (known) return known;
    const payload = maker.make(event);
    if (!(payload instanceof Promise)) {
      keep(sharedAs, event, payload);
      return payload;
    }
    executing.set(sharedAs, payload);
    void payload.then((made) => {
      executing.delete(sharedAs);
      keep(sharedAs, event, made);
    });
    return payload;
  }

  /** Readers that pull come later, and those that join in this tick get the same snapshot. Others have what they were told. */
  function keep(name: string, { isSnapshot }: LiveEvent, payload: Payload): void {
    if (members.size + pulling === 0) return;
    if (isSnapshot) {
      if (snapshotName !== null && snapshotName !== name) cache.delete(snapshotName);
      snapshotName = name;
    }
    if (isSnapshot || pulling > 0) cache.set(name, payload);
  }
}
