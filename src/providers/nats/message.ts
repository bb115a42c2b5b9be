import type { JsMsg, StoredMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';

/** A message of a stream, however it came. */
export interface StreamMessage {
  readonly subject: string;
  /** Its place in the stream. */
  readonly seq: number;
  /** When it was written, by the servers' clock: milliseconds since 1970. */
  readonly writtenAt: number;
  readonly headers: Pick<MsgHdrs, 'has'> | undefined;
  readonly data: Uint8Array;
}

/** One that a consumer was given. */
export function consumed(message: JsMsg): StreamMessage {
  const { subject, seq, headers, info, data } = message;
  const writtenAt = info.timestampNanos / 1_000_000;
  return { subject, seq, writtenAt, headers, data };
}

/** One that was asked for. */
export function stored(message: StoredMsg): StreamMessage {
  const { subject, seq, header, time, data } = message;
  return { subject, seq, writtenAt: time.getTime(), headers: header, data };
}
