import type { Metrics } from '../metrics.js';
import type { Revision } from '../store/journal.js';
import type { ReadableStore } from '../store/scoped.js';
import { snapshotEvent, updateEvent } from './events.js';
import type { Payload } from './payload.js';
import type { Turn } from './turn.js';
import type { LiveEvent, View } from './view.js';

/** One update, as a group's members get it. */
export interface Told {
  readonly revision: Revision;
  readonly payload: Payload;
}

/** A reader that is told of updates when they happen, all those of a turn at once. */
export interface Member {
  /** The number of the revision it began at: what came before, it has. */
  readonly from: number;
  tell(updates: readonly Told[]): void;
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
  /** The payload of an event: executed when first asked for. */
  payloadOf(event: LiveEvent): Payload;
  /** The payload that tells everything as it is in this tick. */
  snapshot(): Payload;
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
  readonly execute: (event: LiveEvent) => Payload;
  /** Called when its last reader has left. */
  readonly onEmpty: () => void;
}

/** How many payloads are kept for readers that come for them a little later: as many as a backlog holds. */
const KEPT_PAYLOADS = 64;

/** A group without readers. It listens to the store while it has members. */
export function createGroup({ store, view, turn, metrics, execute, onEmpty }: GroupOptions): Group {
  const members = new Set<Member>();
  const kept = new Map<string, Payload>();
  const telling = { run: tellAll };
  let pulling = 0;
  let pending: Revision[] = [];
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
      if (pulling === 0) onEmpty();
    },
    hold() {
      pulling += 1;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        pulling -= 1;
        if (pulling + members.size === 0) onEmpty();
      };
    },
  };

  function note(revision: Revision): void {
    if (!view.wants(revision)) return;
    if (pending.length === 0) turn.atEnd(telling);
    pending.push(revision);
  }

  function tellAll(): void {
    const told = pending.flatMap((revision) => {
      const event = updateEvent(view, store, revision);
      return event === null ? [] : [{ revision, payload: payloadOf(event) }];
    });
    pending = [];
    const [first] = told;
    if (!first) return;
    for (const member of members) {
      const isNew = member.from >= first.revision.number;
      member.tell(isNew ? told.filter(({ revision }) => revision.number > member.from) : told);
    }
  }

  function payloadOf(event: LiveEvent): Payload {
    const { sharedAs } = event;
    if (sharedAs === null) return execute(event);
    const payload = kept.get(sharedAs) ?? execute(event);
    kept.set(sharedAs, payload);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_PAYLOADS && oldest !== undefined) kept.delete(oldest);
    return payload;
  }
}
