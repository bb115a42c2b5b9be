import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';

/** The open watches of a test server, with a measure of how fast clients read them. */
export interface TiltWatchers {
  readonly size: number;
  /**
   * Longest time in milliseconds that a write waited for a watcher to read: from `write` returning false
   * until `drain`. Includes a stall in progress. A real Tilt blocks for that time (guarantee U1).
   */
  readonly longestStallMs: number;
  /** Adds a watch and sends it these lines first. */
  add(response: ServerResponse, lines: readonly string[]): void;
  /** Writes to all watches. */
  write(bytes: string | Uint8Array): void;
  /** Resolves when everything written has left the process or the watcher has disconnected. */
  drained(): Promise<void>;
  /** Ends all watches cleanly. */
  end(): void;
  /** Destroys all connections after sending the given bytes. */
  cut(lastBytes: string): Promise<void>;
}

/** Creates an empty set of watches. Calls `onChange` when a watch opens or closes. */
export function createTiltWatchers(onChange: () => void): TiltWatchers {
  const open = new Set<ServerResponse>();
  const stalledSince = new Map<ServerResponse, number>();
  let longestStallMs = 0;

  return {
    get size() {
      return open.size;
    },
    get longestStallMs() {
      for (const since of stalledSince.values()) measure(since);
      return longestStallMs;
    },
    add(response, lines) {
      open.add(response);
      response.on('close', () => remove(response));
      for (const line of lines) writeTo(response, line);
      onChange();
    },
    write(bytes) {
      for (const response of open) writeTo(response, bytes);
    },
    async drained() {
      await Promise.all([...open].map((response) => writeAndFlush(response, '')));
    },
    end() {
      for (const response of open) response.end();
    },
    async cut(lastBytes) {
      await Promise.all(
        [...open].map((response) =>
          writeAndFlush(response, lastBytes).then(() => response.socket?.destroy()),
        ),
      );
    },
  };

  function writeTo(response: ServerResponse, bytes: string | Uint8Array): void {
    if (response.write(bytes) || stalledSince.has(response)) return;
    const since = performance.now();
    stalledSince.set(response, since);
    response.once('drain', () => {
      stalledSince.delete(response);
      measure(since);
    });
  }

  function remove(response: ServerResponse): void {
    const since = stalledSince.get(response);
    if (since !== undefined) measure(since);
    stalledSince.delete(response);
    open.delete(response);
    onChange();
  }

  function measure(since: number): void {
    longestStallMs = Math.max(longestStallMs, performance.now() - since);
  }
}

/** Resolves when the bytes and all before them were passed to the system, or the connection has closed. */
function writeAndFlush(response: ServerResponse, bytes: string): Promise<void> {
  const { socket } = response;
  if (bytes !== '') response.write(bytes);
  return new Promise((resolve) => {
    response.once('close', done);
    // An empty write, whose callback runs after everything before it has been written.
    if (socket) socket.write('', () => done());
    else done();

    function done(): void {
      response.off('close', done);
      resolve();
    }
  });
}
