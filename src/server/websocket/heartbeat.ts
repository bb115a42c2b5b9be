import type { Clock } from '../../lib/clock.js';

/** A connection that is pinged. */
export interface Pingable {
  ping(): void;
}

/** Pings all connections with one timer. */
export interface Heartbeat {
  /** Adds a connection, which is first pinged after {@link HEARTBEAT_MS}. */
  add(connection: Pingable): void;
  /** Removes a connection. Idempotent. */
  delete(connection: Pingable): void;
}

/**
 * Interval of pings, in milliseconds: that of graphql-ws. Proxies usually close connections that are idle for
 * 30 or 60 s.
 */
export const HEARTBEAT_MS = 12_000;

/** Number of groups that are pinged one after the other, so that 50,000 pings are not sent at once. */
const PARTS = 12;

/** Creates a heartbeat without connections. It has a timer only while it has connections. */
export function createHeartbeat(clock: Clock): Heartbeat {
  const parts = Array.from({ length: PARTS }, () => new Set<Pingable>());
  let count = 0;
  let now = 0;
  let cancel = () => {};

  return {
    add(connection) {
      parts[now]?.add(connection);
      count += 1;
      if (count === 1) wait();
    },
    delete(connection) {
      if (!parts.some((part) => part.delete(connection))) return;
      count -= 1;
      if (count === 0) cancel();
    },
  };

  function wait(): void {
    cancel = clock.after(HEARTBEAT_MS / PARTS, () => {
      now = (now + 1) % PARTS;
      wait();
      for (const connection of parts[now] ?? []) connection.ping();
    });
  }
}
