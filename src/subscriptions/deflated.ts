import type { LargeAnswer } from '../graphql/execution.js';
import type { AnswerMemory } from '../graphql/unsent-answers.js';
import { deflatePart, deflatePartLater, storePart } from '../lib/deflate.js';

/** Body of a payload, compressed once for all readers whose connection is compressed. */
export interface Deflated {
  /** The body as a part of a DEFLATE stream (`lib/deflate.ts`). */
  readonly part: Buffer;
  /** The same bytes and {@link MESSAGE_END}. */
  readonly message: Buffer;
  /** Retained while it is sent. Null if it is not counted. */
  readonly memory: AnswerMemory | null;
}

/** Bodies from this length on are compressed, in bytes. A shorter one fits into a packet anyway. */
export const MIN_DEFLATED = 1_024;

/**
 * Longest body that is compressed at once, in bytes: at most 10 ms. Longer ones are large answers, which are
 * compressed on another thread before they become payloads.
 */
const MAX_AT_ONCE = 2 ** 20;

/**
 * End of a compressed `next` message: its `}`, and an empty block without its last four bytes (RFC 7692,
 * section 7.2.1).
 */
export const MESSAGE_END = Buffer.concat([storePart(Buffer.from('}')), Buffer.from([0])]);

/** Compresses a body. Null if it is too short or too long. */
export function deflateBody(body: Buffer): Deflated | null {
  if (body.length < MIN_DEFLATED || body.length > MAX_AT_ONCE) return null;
  return toDeflated([deflatePart(body)], body.length, null);
}

/** Compresses the body of a large answer on another thread. */
export async function deflateLarge({ parts, bytes, memory }: LargeAnswer): Promise<Deflated | null> {
  return toDeflated(await deflateParts(parts), bytes, memory);
}

/** Compresses parts of a text, one after the other, on another thread. */
export async function deflateParts(parts: readonly Buffer[]): Promise<readonly Buffer[]> {
  const deflated: Buffer[] = [];
  for (const part of parts) deflated.push(await deflatePartLater(part));
  return deflated;
}

function toDeflated(
  parts: readonly Buffer[],
  plainBytes: number,
  memory: AnswerMemory | null,
): Deflated | null {
  const message = Buffer.concat([...parts, MESSAGE_END]);
  if (message.length >= plainBytes) return null;
  const part = message.subarray(0, -MESSAGE_END.length);
  return { part, message, memory: memory?.resized(message.length) ?? null };
}
