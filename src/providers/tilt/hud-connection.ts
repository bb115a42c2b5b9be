import { WebSocket } from 'ws';
import { type Clock, createDeadline } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { DecodeError } from '../../model/decode-fields.js';
import { type HudAddress, HudError, requestSocketToken } from './hud-token.js';

/** Dependencies and handlers of {@link readHud}. */
export interface ReadHudOptions {
  readonly address: HudAddress;
  readonly clock: Clock;
  /** Called when the connection is open, before its first message. */
  onOpen(): void;
  /** Reads a message. The connection is paused until it resolves. */
  onMessage(message: Buffer, signal: AbortSignal): Promise<void>;
}

/** Time limit for the token and the handshake together, in milliseconds. */
const OPEN_MS = 10_000;

/**
 * Longest message, in bytes. Tilt keeps at most 2 MB of log; the rest of the complete view is that of its
 * resources.
 */
const MAX_MESSAGE_BYTES = 32 * 2 ** 20;

/**
 * Opens one connection to the HUD of a Tilt and reads it to its end. Resolves when the connection has ended
 * and all of its messages were read. Throws a {@link HudError} if it cannot be opened or a message cannot be
 * read. Does not retry.
 *
 * The connection is paused while a message is read: Tilt then merges what it has not sent, and delays nobody
 * else (`internal/hud/server/websocket.go`).
 */
export async function readHud(options: ReadHudOptions, signal: AbortSignal): Promise<void> {
  const { address, clock } = options;
  const deadline = createDeadline(clock, OPEN_MS, signal);
  const onOpen = () => {
    deadline.lift();
    options.onOpen();
  };
  try {
    const token = await requestSocketToken(address, deadline.signal);
    await readSocket(socketUrl(address, token), { ...options, onOpen }, deadline.signal);
  } catch (error) {
    if (!deadline.expired) throw error;
    throw new HudError(`${address.webUrl}: no answer within ${OPEN_MS / 1_000} s`);
  } finally {
    deadline.end();
  }
}

function socketUrl({ webUrl }: HudAddress, token: string | null): URL {
  const url = new URL('/ws/view', webUrl.replace(/^http/, 'ws'));
  if (token !== null) url.searchParams.set('csrf', token);
  return url;
}

function readSocket(
  url: URL,
  { onOpen, onMessage }: Pick<ReadHudOptions, 'onOpen' | 'onMessage'>,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      // The reader replaces invalid bytes. Rejecting a message for one of them would lose all of its lines.
      skipUTF8Validation: true,
    });
    const abort = () => socket.terminate();
    let failure: HudError | null = null;
    let unread = 0;
    let reading = Promise.resolve();
    signal.addEventListener('abort', abort);
    socket.on('open', onOpen);
    socket.on('message', (message) => {
      if (!Buffer.isBuffer(message)) return;
      unread += 1;
      // One chunk of the socket may contain several messages, which arrive in spite of the pause.
      socket.pause();
      reading = reading.then(() => read(message));
    });
    // An error event without a listener would end the process.
    socket.on('error', (error) => fail(`${url.origin}${url.pathname}: ${messageOf(error)}`));
    socket.on('close', () => {
      void reading.then(() => {
        signal.removeEventListener('abort', abort);
        if (failure === null) resolve();
        else reject(failure);
      });
    });

    async function read(message: Buffer): Promise<void> {
      try {
        if (!signal.aborted && failure === null) await onMessage(message, signal);
      } catch (error) {
        fail(`${url.origin}${url.pathname}: a message cannot be read: ${describe(error)}`);
        socket.terminate();
      }
      unread -= 1;
      if (unread === 0) socket.resume();
    }

    function fail(message: string): void {
      failure ??= new HudError(message.replace(/^ws/, 'http'));
    }
  });
}

/** Describes an error without a part of the message: that would be a line that is not redacted. */
function describe(error: unknown): string {
  return error instanceof DecodeError ? `${error.path}: expected ${error.expected}` : messageOf(error);
}
