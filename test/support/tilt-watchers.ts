import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';

/** The open watches of a test server, and how well they are read. */
export interface TiltWatchers {
  readonly size: number;
  /**
   * The longest, in milliseconds, that a write to a watcher was held up because the watcher did not read: from `write`
   * returning false until `drain`. One that is held up now counts. A real Tilt stands still for as long (guarantee U1).
   */
  readonly longestStallMs: number;
  /** One more, which is told these lines first. */
  add(response: ServerResponse, lines: readonly string[]): void;
  /** Writes to all. */
  write(bytes: string | Uint8Array): void;
  /** Resolves when everything written has left the process, or the watcher is gone. */
  drained(): Promise<void>;
  /** Ends all as a server does that has had enough of them. */
  end(): void;
  /** Cuts all, after the bytes given have left. */
  cut(lastBytes: string): Promise<void>;
}

/** Calls `onChange` when a watch opens or is over. */
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

/** Resolves when the bytes, and all before them, are in the hands of the system, or the connection is gone. */
function writeAndFlush(response: ServerResponse, bytes: string): Promise<void> {
  const { socket } = response;
  if (bytes !== '') response.write(bytes);
  return new Promise((resolve) => {
    response.once('close', done);
    // Not part of the response: its call tells that what is before it has been written.
    if (socket) socket.write('', () => done());
    else done();

    function done(): void {
      response.off('close', done);
      resolve();
    }
  });
}
