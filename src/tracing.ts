import type { IncomingHttpHeaders } from 'node:http';
import type { DocumentNode } from 'graphql';

/** Tells a tracing system of the operations that are executed. */
export interface Tracer {
  /** Begins the span of an operation. Whoever begins it ends it. */
  begin(operation: TracedOperation): Span;
  /** Sends what has not been sent yet, but waits no longer than a few seconds. Harmless when called twice. */
  close(): Promise<void>;
}

/** One operation's share of a trace. */
export interface Span {
  /**
   * It is over. What went wrong is for logs, not for others' systems: a span only says that something did.
   *
   * @param failed whether its result has errors
   */
  end(failed: boolean): void;
}

/** What is known of an operation when it begins; graphql-js's `ExecutionArgs` has it, but for the headers. */
export interface TracedOperation {
  /** A valid one. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  /** Of the request it came with, or of the WebSocket's handshake: `traceparent` says what it is a part of. */
  readonly headers: Readonly<IncomingHttpHeaders>;
}

const noSpan: Span = { end() {} };

/** Tells nobody. */
export const noTracer: Tracer = { begin: () => noSpan, close: () => Promise.resolve() };
