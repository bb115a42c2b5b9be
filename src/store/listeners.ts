/** Functions that are called back with each event. */
export interface Listeners<E> {
  readonly size: number;
  /** Adds one, also one that is there already: each is ended by itself. Returns its end, harmless when called twice. */
  add(listener: (event: E) => void): () => void;
  /** Calls each, whatever the others throw. */
  tell(event: E): void;
  clear(): void;
}

/**
 * No listeners yet.
 *
 * @param onError is handed what a listener throws
 */
export function createListeners<E>(onError: (error: unknown) => void): Listeners<E> {
  const entries = new Set<{ readonly call: (event: E) => void }>();

  return {
    get size() {
      return entries.size;
    },
    add(listener) {
      const entry = { call: listener };
      entries.add(entry);
      return () => entries.delete(entry);
    },
    tell(event) {
      for (const { call } of entries) {
        try {
          call(event);
        } catch (error) {
          onError(error);
        }
      }
    },
    clear: () => entries.clear(),
  };
}
