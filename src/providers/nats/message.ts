import type { JsMsg, StoredMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';

/** A message of a stream, however it came. */
export interface StreamMessage {
  readonly subject: string;
  /** Its place in the stream. */
  readonly seq: number;
  /** When it was written, by the servers' clock: milliseconds since 1970. */
  readonly writtenAt: number;
  /** Age when its reader asked the servers for messages, by their clock, in milliseconds; 0 for later ones. */
  readonly ageMs: number;
  readonly headers: Pick<MsgHdrs, 'has'> | undefined;
  readonly data: Uint8Array;
}

/** One that a consumer was given. @param since when the consumer was created, by the servers' clock: milliseconds since 1970 */
export function consumed(message: JsMsg, since: number): StreamMessage {
  const { subject, seq, headers, info, data } = message;
  const writtenAt = info.timestampNanos / 1_000_000;
  return { subject, seq, writtenAt, ageMs: Math.max(0, since - writtenAt), headers, data };
}

/** One that was asked for. */
export function stored(message: StoredMsg): StreamMessage {
  const { subject, seq, header, time, data } = message;
  return { subject, seq, writtenAt: time.getTime(), ageMs: 0, headers: header, data };
}
