/** A stretch of a stream's bytes that may run over several chunks. It refers to the chunks until it is taken. */
export interface ByteSpan {
  /** The next chunk begins. */
  enter(chunk: Uint8Array): void;
  /** It begins at this place of the chunk. */
  begin(at: number): void;
  /** The chunk ends here, and the span goes on. Returns how many bytes it has by now. */
  carry(end: number): number;
  /** It ends here: all its bytes, which are then let go of. */
  take(end: number): Uint8Array;
}

/** An empty span, before the first chunk. */
export function createByteSpan(): ByteSpan {
  let earlier: Uint8Array[] = []; // what earlier chunks hold of it
  let earlierBytes = 0;
  let chunk: Uint8Array = new Uint8Array();
  let from = 0; // where in the chunk it begins, or goes on

  return {
    enter(next) {
      chunk = next;
      from = 0;
    },
    begin(at) {
      from = at;
    },
    carry(end) {
      earlier.push(chunk.subarray(from, end));
      earlierBytes += end - from;
      from = end;
      return earlierBytes;
    },
    take(end) {
      const bytes = Buffer.concat([...earlier, chunk.subarray(from, end)]);
      earlier = [];
      earlierBytes = 0;
      from = end;
      return bytes;
    },
  };
}
