import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

/** One received change. */
export interface ReceivedChange {
  /** Number of the payload that contained the change, counted from 1. */
  readonly payload: number;
  /** Index of the gateway that sent the payload. */
  readonly gateway: number;
  readonly cursor: string;
  readonly type: string;
  readonly name: string;
  readonly reason: string | null;
}

/** A client that subscribes to `targetChanges`, fails over between gateways, and folds the changes (S3). */
export interface FoldingClient extends AsyncDisposable {
  /** All changes since the first payload, in the order received. */
  readonly changes: readonly ReceivedChange[];
  /** The folded wait reason of each target, by target name. */
  readonly folded: ReadonlyMap<string, string | null>;
  /** One line per payload, for failure messages. */
  readonly payloads: readonly string[];
  /** Number of payloads with `reset`, without the first. */
  readonly resets: number;
  /** Time from the loss of a gateway to the next payload from another, in milliseconds, per failover. */
  readonly failoverMs: readonly number[];
  /** Index of the gateway in use. */
  readonly gateway: number;
  /** The newest cursor, or null before the first payload. */
  readonly cursor: string | null;
}

const QUERY = `subscription ($session: ID!, $since: String) {
  targetChanges(session: $session, since: $since) {
    cursor reset
    changes { type target { name state { ... on TargetStateWaiting { waitReason } } } }
  }
}`;

interface Payload {
  readonly targetChanges: {
    readonly cursor: string;
    readonly reset: boolean;
    readonly changes: readonly {
      readonly type: string;
      readonly target: { readonly name: string; readonly state: { readonly waitReason?: string } | null };
    }[];
  };
}

/** Subscribes until disposal. When a gateway is unreachable, the client moves on to the next. */
export function startFoldingClient(urls: () => readonly string[], session: string): FoldingClient {
  const changes: ReceivedChange[] = [];
  const folded = new Map<string, string | null>();
  const failoverMs: number[] = [];
  let resets = -1;
  const payloads: string[] = [];
  let cursor: string | null = null;
  let gateway = 0;
  let lostAt: number | null = null;
  let isDisposed = false;
  let stopConnection = () => {};
  const run = follow();

  return {
    changes,
    payloads,
    folded,
    failoverMs,
    get resets() {
      return resets;
    },
    get gateway() {
      return gateway;
    },
    get cursor() {
      return cursor;
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      stopConnection();
      await run;
    },
  };

  async function follow(): Promise<void> {
    while (!isDisposed) {
      await runConnection();
      if (isDisposed) return;
      lostAt ??= performance.now();
      gateway = (gateway + 1) % urls().length;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Runs one connection until it ends. */
  async function runConnection(): Promise<void> {
    const client = createClient({
      url: urls()[gateway] ?? '',
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      onNonLazyError() {},
    });
    await new Promise<void>((resolve) => {
      const stop = client.subscribe<Payload>(
        { query: QUERY, variables: { session, since: cursor } },
        {
          next: ({ data }) => data && applyPayload(data),
          error: () => resolve(),
          complete: () => resolve(),
        },
      );
      stopConnection = () => {
        stop();
        resolve();
      };
    });
    await client.dispose();
  }

  function applyPayload({ targetChanges }: Payload): void {
    if (lostAt !== null) failoverMs.push(performance.now() - lostAt);
    lostAt = null;
    payloads.push(
      `${gateway} ${targetChanges.cursor}${targetChanges.reset ? ' reset' : ''} ${targetChanges.changes.length}`,
    );
    if (targetChanges.reset) {
      resets += 1;
      folded.clear();
    }
    for (const { type, target } of targetChanges.changes) {
      const reason = target.state?.waitReason ?? null;
      if (!targetChanges.reset)
        changes.push({
          payload: payloads.length,
          gateway,
          cursor: targetChanges.cursor,
          type,
          name: target.name,
          reason,
        });
      if (type === 'DELETED') folded.delete(target.name);
      else folded.set(target.name, reason);
    }
    cursor = targetChanges.cursor;
  }
}
