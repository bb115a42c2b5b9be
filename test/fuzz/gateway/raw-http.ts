import { Violation } from '../harness/violation.js';
import { type Connection, openConnection } from './connection.js';
import { parseEvents } from './events.js';
import { assertAcceptable, isStream, type Sent } from './http-client.js';
import { readResponse } from './http-responses.js';
import { followWebSocket } from './websocket-client.js';

/** Sends any bytes and checks the answers. */
export interface RawHttpClient {
  /** Resolves when the server has answered what it parsed as requests, has closed, or waits for more. */
  feed(sent: Sent): Promise<void>;
  end(): void;
}

/** Time without received bytes after which the server is assumed to wait for more, in milliseconds. */
const QUIET_MS = 25;

/**
 * A request that is answered at once in any state of the gateway. Its answer shows that all earlier requests
 * were answered.
 */
const SENTINEL = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
const SENTINEL_ANSWER = 'ok\n';

/** Creates a client that keeps its connection as long as the server does. */
export function createRawHttpClient(port: number): RawHttpClient {
  let current: Connection | null = null;

  return {
    async feed({ bytes, cuts }) {
      const connection = current ?? (await openConnection(port));
      current = connection;
      const text = bytes.toString('latin1');
      // An incomplete request takes the sentinel as a part of itself, which is a valid test input too.
      await connection.send(Buffer.concat([bytes, Buffer.from(SENTINEL)]), cuts);
      const how = await readAnswers(connection, /\bHEAD\b/i.test(text));
      if (how === 'enough') return;
      if (how === 'quiet') await endConnection(connection, /\bHEAD\b/i.test(text));
      connection.destroy();
      current = null;
    },
    end() {
      current?.destroy();
      current = null;
    },
  };
}

/** Reads answers until the sentinel is answered (`enough`). An upgraded connection is closed. */
async function readAnswers(
  connection: Connection,
  mayBeHead: boolean,
): Promise<'enough' | 'closed' | 'quiet' | 'upgraded'> {
  let isUpgraded = false;
  const how = await connection.until(() => {
    for (let answer = take(false); answer; answer = take(false)) {
      assertAcceptable({ ...answer, status: answer.status === 101 ? 100 : answer.status });
      isUpgraded = answer.status === 101;
      if (isUpgraded || answer.body.toString() === SENTINEL_ANSWER) return true;
    }
    return false;
  }, QUIET_MS);
  if (isUpgraded) return closeUpgraded(connection);
  if (how === 'closed' && connection.received.length > 0) {
    const last = take(true);
    if (last) assertAcceptable(last);
    else assertPartialResponse(connection.received);
  }
  return how;

  function take(isClosed: boolean) {
    if (connection.received.length === 0) return null;
    const answer = readResponse(connection.received, { mayBeHead, isClosed });
    if (answer) connection.take(answer.length);
    return answer;
  }
}

/** Closes a successful upgrade. The bytes after it, including the sentinel, are no valid frames. */
async function closeUpgraded(connection: Connection): Promise<'upgraded'> {
  const client = followWebSocket(connection);
  await client.untilClosed();
  return 'upgraded';
}

/** Ends the sending side and waits for the server to close. */
async function endConnection(connection: Connection, mayBeHead: boolean): Promise<void> {
  connection.end();
  const how = await connection.until(() => false);
  if (how === 'quiet') throw new Violation('the server kept a connection open after the client ended it');
  const rest = connection.received;
  if (rest.length > 0 && !readResponse(rest, { mayBeHead, isClosed: true })) assertPartialResponse(rest);
}

/**
 * Asserts that an incomplete answer is one that may be cut short: an event stream, or a large page sent in
 * chunks. Node.js closes a connection after writing its buffered data when the client has ended it.
 */
function assertPartialResponse(rest: Buffer): void {
  if (isStream(rest)) parseEvents(rest);
  else if (!isChunked(rest)) throw new Violation('an incomplete response', rest.toString('latin1', 0, 2_000));
}

function isChunked(rest: Buffer): boolean {
  const [head = ''] = rest.toString('latin1', 0, 2_000).split('\r\n\r\n');
  return /^transfer-encoding: chunked/im.test(head);
}
