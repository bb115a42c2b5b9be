import { MessageType, stringifyMessage } from 'graphql-ws';
import type { Payload } from '../live/payload.js';
import type { Outlet, PushedReader } from '../live/pushed-reader.js';
import type { FrameWriter } from './frame-writer.js';

/** One operation of a client's. Its payloads are written as bytes that all readers share. */
export class Operation implements Outlet {
  readonly id: string;
  readonly #writer: FrameWriter;
  /** All of a `next` message that differs between readers: `{"id":"…","type":"next","payload":`. */
  readonly #head: Buffer;
  /** While it is a subscription that runs. */
  reader: PushedReader | null = null;

  constructor(id: string, writer: FrameWriter) {
    this.id = id;
    this.#writer = writer;
    const whole = stringifyMessage({ id, type: MessageType.Next, payload: {} });
    this.#head = Buffer.from(whole.slice(0, -'{}}'.length));
  }

  send({ closedBody }: Payload): void {
    this.#writer.send(this.#head, closedBody);
  }
}
