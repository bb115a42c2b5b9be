import type { DocumentSize, RequestSize } from './request-size.js';

/** Default of the limit `subscriptionBytes`: room for 60 requests of 1 MB, or for hundreds of documents. */
export const DEFAULT_SUBSCRIPTION_BYTES = 64 * 2 ** 20;

/** Memory that all running subscriptions keep of their requests. Documents that several use count once. */
export interface RequestMemory {
  /** Whether one more request is within the limit. */
  hasRoomFor(size: RequestSize): boolean;
  /** Counts a request. Returns a function that ends this, which must be called once. */
  retain(size: RequestSize): () => void;
}

/**
 * Creates the memory without requests.
 *
 * @param max limit in bytes
 */
export function createRequestMemory(max: number): RequestMemory {
  /** Number of requests that use a document. */
  const users = new Map<DocumentSize, number>();
  let bytes = 0;

  return {
    hasRoomFor({ document, variableBytes }) {
      return bytes + variableBytes + (users.has(document) ? 0 : document.bytes) <= max;
    },
    retain({ document, variableBytes }) {
      const known = users.get(document) ?? 0;
      if (known === 0) bytes += document.bytes;
      users.set(document, known + 1);
      bytes += variableBytes;
      return () => release(document, variableBytes);
    },
  };

  function release(document: DocumentSize, variableBytes: number): void {
    bytes -= variableBytes;
    const left = (users.get(document) ?? 0) - 1;
    if (left > 0) {
      users.set(document, left);
      return;
    }
    users.delete(document);
    bytes -= document.bytes;
  }
}
