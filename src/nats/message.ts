import type { JsMsg, StoredMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';

/** A message of a stream, however it came. */
export interface StreamMessage {
  readonly subject: string;
  /** Its place in the stream. */
  readonly seq: number;
  /** When it was written, by the servers' clock: milliseconds since 1970. */
  readonly writtenAt: number;
  /** Age when its reader asked the servers for messages, by their clock, in milliseconds; 0 for later ones, infinite if unknown. */
  readonly ageMs: number;
  readonly headers: Pick<MsgHdrs, 'has'> | undefined;
  readonly data: Uint8Array;
}

/** When a consumer was created, and what its stream had before that. */
export interface ConsumerStart {
  /** By the servers' clock: milliseconds since 1970. */
  readonly createdAt: number;
  /** Place of the newest message that was in the stream by then. */
  readonly last: number;
}

/** How far the clocks of two servers of a cluster may differ, in milliseconds. */
const CLOCK_SKEW_MS = 10_000;

/** One that a consumer was given. */
export function consumed(message: JsMsg, start: ConsumerStart): StreamMessage {
  const { subject, seq, headers, info, data } = message;
  const writtenAt = info.timestampNanos / 1_000_000;
  return { subject, seq, writtenAt, ageMs: ageAtStart({ seq, writtenAt }, start), headers, data };
}

/**
 * Age of a message when the consumer was created, in milliseconds; 0 for a later one. Infinite when the age cannot be known, because the
 * servers' clock was set back since the message was written.
 */
export function ageAtStart(
  { seq, writtenAt }: Pick<StreamMessage, 'seq' | 'writtenAt'>,
  { createdAt, last }: ConsumerStart,
): number {
  if (seq > last) return 0;
  if (writtenAt > createdAt + CLOCK_SKEW_MS) return Number.POSITIVE_INFINITY;
  return Math.max(0, createdAt - writtenAt);
}

/** One that was asked for. */
export function stored(message: StoredMsg): StreamMessage {
  const { subject, seq, header, time, data } = message;
  return { subject, seq, writtenAt: time.getTime(), ageMs: 0, headers: header, data };
}
