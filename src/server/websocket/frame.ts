/** A text frame that ends its message (RFC 6455, section 5.2: FIN and opcode 1). */
const FINAL_TEXT = 0x81;

/**
 * Length of a frame's header. Frames of a server are not masked (section 5.1), so it depends only on the
 * payload.
 */
export function headerLength(payloadLength: number): number {
  return payloadLength < 126 ? 2 : payloadLength < 65_536 ? 4 : 10;
}

/** Writes the header of a text frame at `at`. Returns the position after it. */
export function writeHeader(target: Buffer, at: number, payloadLength: number): number {
  target[at] = FINAL_TEXT;
  if (payloadLength < 126) {
    target[at + 1] = payloadLength;
    return at + 2;
  }
  if (payloadLength < 65_536) {
    target[at + 1] = 126;
    target.writeUInt16BE(payloadLength, at + 2);
    return at + 4;
  }
  target[at + 1] = 127;
  target.writeBigUInt64BE(BigInt(payloadLength), at + 2);
  return at + 10;
}
