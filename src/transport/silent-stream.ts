/**
 * A stream that yields nothing and ends when it is returned: it stands for a subscription whose payloads are written
 * elsewhere, so that graphql-ws can end it. It looks like an async generator, without which graphql-ws would not.
 */
export function silentStream(onEnd: () => void): AsyncGenerator<never, undefined, undefined> {
  let finish = () => {};
  const ended = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    finish = () => resolve({ done: true, value: undefined });
  });
  return {
    next: () => ended,
    return() {
      onEnd();
      finish();
      return ended;
    },
    throw(error) {
      onEnd();
      finish();
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
