import type { NatsConnection } from '@nats-io/transport-node';

/** Whether a connection is there. */
export interface Link {
  readonly isAway: boolean;
  /** Calls back whenever it breaks. Returns the end of it. */
  onLost(listener: () => void): () => void;
}

/** Watches a connection to its end. */
export function watchLink(connection: NatsConnection): Link {
  const listeners = new Set<() => void>();
  let isAway = false;
  void watch();
  return {
    get isAway() {
      return isAway;
    },
    onLost(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  async function watch(): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') isAway = false;
      if (type !== 'disconnect') continue;
      isAway = true;
      for (const listener of listeners) listener();
    }
  }
}
