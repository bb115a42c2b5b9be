import { readHead } from './frames.js';

/** A frame: all of a short one, the beginning of a long one. Its bytes are only good during the call. */
export interface Frame {
  readonly opcode: number;
  readonly bytes: Buffer;
  /** Where its payload begins, and where what is here of it ends. */
  readonly from: number;
  readonly to: number;
}

/** Cuts the bytes of one connection into frames. */
export interface FrameReader {
  /** Takes the next bytes, which lie in `bytes` from `from` to `to`. */
  take(bytes: Buffer, from: number, to: number): void;
}

/** How much of a frame is waited for before it is handed on: the version lies within the first 200 bytes. */
const ENOUGH = 512;

/**
 * A reader that hops from head to head: what lies between the beginning of a frame and the next is never looked at, so
 * that a client costs much less than the server it loads.
 *
 * @param wantsAll whether frames are to be handed on whole, at present
 */
export function createFrameReader(onFrame: (frame: Frame) => void, wantsAll: () => boolean): FrameReader {
  /** How much of the present frame is still to come, and to be hopped over. */
  let left = 0;
  /** The beginning of a frame that is not enough yet. */
  let begun: Buffer | null = null;

  return {
    take(bytes, from, to) {
      if (begun === null) {
        takeFrames(bytes, from, to);
      } else {
        const joined: Buffer = Buffer.concat([begun, bytes.subarray(from, to)]);
        begun = null;
        takeFrames(joined, 0, joined.length);
      }
    },
  };

  function takeFrames(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (left > 0) {
        const hop = Math.min(left, to - at);
        left -= hop;
        at += hop;
        continue;
      }
      const next = takeFrame(bytes, at, to);
      if (next === at) {
        begun = Buffer.from(bytes.subarray(at, to));
        return;
      }
      at = next;
    }
  }

  /** Where to go on; `at` itself when there is not enough of the frame. */
  function takeFrame(bytes: Buffer, at: number, to: number): number {
    const head = readHead(bytes, at, to);
    if (head === null) return at;
    const from = at + head.headBytes;
    const end = from + head.payloadBytes;
    if (end > to && (wantsAll() || to - from < ENOUGH)) return at;
    left = Math.max(end - to, 0);
    onFrame({ opcode: head.opcode, bytes, from, to: Math.min(end, to) });
    return Math.min(end, to);
  }
}
