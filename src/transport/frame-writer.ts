import type { Socket } from 'node:net';
import type { Turn } from '../live/turn.js';
import { headerLength, writeHeader } from './frame.js';

/** How much a reader's socket may have unsent, in bytes, before it is told no more until it has drained (S5). */
export const DEFAULT_UNSENT_MARK = 256 * 1024;

/**
 * Up to here a message's body is copied behind its head, beyond it both are written as one vector. Measured, CPU per
 * delivery: 240 bytes 4.7 µs copied and 4.9 µs as a vector, 16 kB 24 µs and 11.5 µs.
 */
const COPY_LIMIT = 4_096;

/** A message in two parts: a head of this reader's own, and a body that it shares with others. */
interface Message {
  readonly head: Buffer;
  readonly body: Buffer;
}

/** Writes text messages to a WebSocket's own connection, those of a turn at once. */
export interface FrameWriter {
  /** Whether there is little enough unsent to take more. */
  readonly isReady: boolean;
  /** Puts a message in line, to leave at the end of the turn. */
  send(head: Buffer, body: Buffer): void;
}

/** What a {@link FrameWriter} works with. */
export interface FrameWriterOptions {
  readonly connection: Socket;
  /** Whether frames may still be sent: after a close frame nothing may follow (RFC 6455, section 5.5.1). */
  readonly isOpen: () => boolean;
  readonly turn: Turn;
  readonly unsentMark: number;
}

/**
 * Writes frames past `ws`, straight to the connection beneath it: `ws` would serialise the head of each frame anew and
 * write it on its own. That is right as long as `ws` has nothing half-written: without compression, as here, it writes
 * each frame whole and at once, so that frames of both may follow each other in any order.
 */
export function createFrameWriter(options: FrameWriterOptions): FrameWriter {
  const { connection, isOpen, turn, unsentMark } = options;
  let line: Message[] = [];

  return {
    get isReady() {
      return connection.writableLength < unsentMark;
    },
    send(head, body) {
      if (line.length === 0) turn.afterwards(flush);
      line.push({ head, body });
    },
  };

  function flush(): void {
    const messages = line;
    line = [];
    if (!isOpen()) return;
    const [first] = messages;
    if (messages.length === 1 && first && first.body.length <= COPY_LIMIT) connection.write(copied(messages));
    else writeVector(messages);
  }

  /** Runs of small messages in one buffer each, big bodies as they are, all in one system call. */
  function writeVector(messages: readonly Message[]): void {
    connection.cork();
    let small: Message[] = [];
    for (const message of messages) {
      if (message.body.length <= COPY_LIMIT) {
        small.push(message);
        continue;
      }
      if (small.length > 0) connection.write(copied(small));
      small = [];
      connection.write(headOf(message));
      connection.write(message.body);
    }
    if (small.length > 0) connection.write(copied(small));
    connection.uncork();
  }
}

function copied(messages: readonly Message[]): Buffer {
  let size = 0;
  for (const { head, body } of messages) {
    const length = head.length + body.length;
    size += headerLength(length) + length;
  }
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { head, body } of messages) {
    at = writeHeader(target, at, head.length + body.length);
    at += head.copy(target, at);
    at += body.copy(target, at);
  }
  return target;
}

function headOf({ head, body }: Message): Buffer {
  const length = head.length + body.length;
  const target = Buffer.allocUnsafe(headerLength(length) + head.length);
  head.copy(target, writeHeader(target, 0, length));
  return target;
}
