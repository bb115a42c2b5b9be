import type { PendingUpdate } from './backlog.js';
import type { Payload, PayloadMaker } from './payload.js';
import type { SourceEvent } from './projection.js';

/** Payloads of a group, of which equal ones are executed once. */
export interface SharedPayloads {
  /** Returns the payload of an event: that of an equal event, or a new one. A promise never rejects. */
  payloadOf(event: SourceEvent): Payload | Promise<Payload>;
  /** Returns the payload of an event with this key, if it is executed or kept. */
  find(key: string | null): Payload | Promise<Payload> | undefined;
  /** Drops the kept payload, because a newer update has arrived or nobody needs it. */
  drop(): void;
}

/**
 * The newest snapshot of a group, or newest merged updates, kept for other readers before the next update. It
 * may be evicted at any time.
 */
export interface SnapshotCache {
  get(): Payload | undefined;
  set(payload: Payload): void;
  delete(): void;
}

/** Dependencies of {@link createSharedPayloads}. */
export interface SharedPayloadsOptions {
  readonly maker: PayloadMaker;
  readonly cache: SnapshotCache;
  /** Whether a payload may be kept: whether there are readers. */
  readonly mayKeep: () => boolean;
}

/** Start of the key of merged updates. */
const MERGED = 'merged ';

/**
 * Returns a key that is equal for readers that missed the same updates. Null for a reset, whose event has a
 * key of its own.
 */
export function keyOfMerged(pending: PendingUpdate): string | null {
  if (pending.type === 'reset' || pending.updates === 1) return null;
  return `${MERGED}${pending.first} ${pending.number} ${pending.updates}`;
}

/** Creates the payloads of a group. */
export function createSharedPayloads({ maker, cache, mayKeep }: SharedPayloadsOptions): SharedPayloads {
  const inFlight = new Map<string, Promise<Payload>>();
  /** Key of the cached payload. */
  let keptKey: string | null = null;

  return {
    payloadOf(event) {
      const { cacheKey } = event;
      if (cacheKey === null) return maker.make(event);
      const known = find(cacheKey);
      if (known) return known;
      const payload = maker.make(event);
      if (!(payload instanceof Promise)) {
        keep(event, payload);
        return payload;
      }
      inFlight.set(cacheKey, payload);
      void payload.then((made) => {
        inFlight.delete(cacheKey);
        keep(event, made);
      });
      return payload;
    },
    find,
    drop() {
      if (keptKey === null) return;
      keptKey = null;
      cache.delete();
    },
  };

  function find(key: string | null): Payload | Promise<Payload> | undefined {
    if (key === null) return undefined;
    return (key === keptKey ? cache.get() : undefined) ?? inFlight.get(key);
  }

  /** Keeps a snapshot, or merged updates, for the next reader. A single update is kept by its delivery. */
  function keep({ isSnapshot, cacheKey }: SourceEvent, payload: Payload): void {
    const isShared = isSnapshot || cacheKey?.startsWith(MERGED) === true;
    if (!isShared || !mayKeep()) return;
    keptKey = cacheKey;
    cache.set(payload);
  }
}
