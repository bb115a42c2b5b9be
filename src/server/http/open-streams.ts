/** A stream that its server can end. */
interface Closable {
  /** Ends the stream. It removes itself. */
  close(): void;
}

/** Open event streams of a gateway. Without it they would stay open in the server of an application. */
export interface OpenStreams {
  /** Adds a stream, or ends it if the streams are closed. */
  add(stream: Closable): void;
  /** Removes a stream that has ended. */
  delete(stream: Closable): void;
  /** Ends all streams, and those that are added later. Idempotent. */
  close(): void;
}

/** Creates an empty set of open streams. */
export function createOpenStreams(): OpenStreams {
  const open = new Set<Closable>();
  let isClosed = false;
  return {
    add(stream) {
      if (isClosed) stream.close();
      else open.add(stream);
    },
    delete: (stream) => open.delete(stream),
    close() {
      isClosed = true;
      for (const stream of open) stream.close();
    },
  };
}
