import { type FrameHead, readHead } from './frames.js';

/** A whole short frame or the beginning of a long one. The bytes are valid only during the call. */
export interface Frame {
  readonly opcode: number;
  readonly isDeflated?: boolean;
  readonly bytes: Buffer;
  /** Start of the payload, and end of the part of it that has arrived. */
  readonly from: number;
  readonly to: number;
}

/** Splits the bytes of one connection into frames. */
export interface FrameReader {
  /** Processes the next bytes: `bytes` between `from` and `to`. */
  take(bytes: Buffer, from: number, to: number): void;
}

/**
 * Bytes of a frame that must have arrived before it is passed on. The version is within the first 200 bytes.
 */
const ENOUGH = 512;

/**
 * Creates a reader that jumps from frame header to frame header without looking at the bytes between them. So
 * the client costs much less than the server that it loads.
 *
 * @param wantsAll whether frames are currently passed on whole
 * @param read reads the header of a frame. Default: that of a WebSocket frame
 */
export function createFrameReader(
  onFrame: (frame: Frame) => void,
  wantsAll: () => boolean,
  read: (bytes: Buffer, from: number, to: number) => FrameHead | null = readHead,
): FrameReader {
  /** Bytes of the current frame that have not arrived yet and are skipped. */
  let left = 0;
  /** Beginning of a frame that is still too short to pass on. */
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

  /** Returns the next position, or `at` itself if too little of the frame has arrived. */
  function takeFrame(bytes: Buffer, at: number, to: number): number {
    const head = read(bytes, at, to);
    if (head === null) return at;
    const from = at + head.headBytes;
    const end = from + head.payloadBytes;
    if (end > to && (wantsAll() || to - from < ENOUGH)) return at;
    left = Math.max(end - to, 0);
    const { opcode, isDeflated = false } = head;
    onFrame({ opcode, isDeflated, bytes, from, to: Math.min(end, to) });
    return Math.min(end, to);
  }
}
