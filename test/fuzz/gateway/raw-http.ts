import { Violation } from '../harness/violation.js';
import { type Connection, openConnection } from './connection.js';
import { mustReadEvents } from './events.js';
import { isStream, mustBeDecent, type Sent } from './http-client.js';
import { readResponse } from './http-responses.js';
import { followWebSocket } from './websocket-client.js';

/** Sends bytes that may be anything, and looks at what comes back. */
export interface RawHttpClient {
  /** Resolves once the server has answered what it took for requests, has closed, or waits for more. */
  feed(sent: Sent): Promise<void>;
  end(): void;
}

/** How long nothing must have come before it is taken that the server waits for more, in milliseconds. */
const QUIET_MS = 25;

/** A request that is answered at once, whatever the state of the gateway: its answer shows that all before it was. */
const SENTINEL = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
const SENTINEL_ANSWER = 'ok\n';

/** Keeps its connection for as long as the server does. */
export function createRawHttpClient(port: number): RawHttpClient {
  let present: Connection | null = null;

  return {
    async feed({ bytes, cuts }) {
      const connection = present ?? (await openConnection(port));
      present = connection;
      const text = bytes.toString('latin1');
      // A request that is not complete would take the sentinel for a part of itself, which is as good a garbage as any.
      await connection.send(Buffer.concat([bytes, Buffer.from(SENTINEL)]), cuts);
      const how = await readAnswers(connection, /\bHEAD\b/i.test(text));
      if (how === 'enough') return;
      if (how === 'quiet') await hangUp(connection, /\bHEAD\b/i.test(text));
      connection.destroy();
      present = null;
    },
    end() {
      present?.destroy();
      present = null;
    },
  };
}

/** Until the sentinel is answered: `enough`; `upgraded` and `streams` go on without end. */
async function readAnswers(
  connection: Connection,
  mayBeHead: boolean,
): Promise<'enough' | 'closed' | 'quiet' | 'upgraded'> {
  let isUpgraded = false;
  const how = await connection.until(() => {
    for (let answer = take(false); answer; answer = take(false)) {
      mustBeDecent({ ...answer, status: answer.status === 101 ? 100 : answer.status });
      isUpgraded = answer.status === 101;
      if (isUpgraded || answer.body.toString() === SENTINEL_ANSWER) return true;
    }
    return false;
  }, QUIET_MS);
  if (isUpgraded) return closeUpgraded(connection);
  if (how === 'closed' && connection.received.length > 0) {
    const last = take(true);
    if (last) mustBeDecent(last);
    else mustBeCutShort(connection.received);
  }
  return how;

  function take(isClosed: boolean) {
    if (connection.received.length === 0) return null;
    const answer = readResponse(connection.received, { mayBeHead, isClosed });
    if (answer) connection.take(answer.length);
    return answer;
  }
}

/** A handshake that is right after all: what came after it are frames, the sentinel among them, which are none. */
async function closeUpgraded(connection: Connection): Promise<'upgraded'> {
  const client = followWebSocket(connection);
  await client.untilClosed();
  return 'upgraded';
}

/** Says that no more comes: then there must be an end. */
async function hangUp(connection: Connection, mayBeHead: boolean): Promise<void> {
  connection.end();
  const how = await connection.until(() => false);
  if (how === 'quiet') throw new Violation('a connection stays open after its client has ended it');
  const rest = connection.received;
  if (rest.length > 0 && !readResponse(rest, { mayBeHead, isClosed: true })) mustBeCutShort(rest);
}

/**
 * Only an answer that goes out in pieces may end in its middle: an event stream, which has no other end, and a page that is
 * big. Node.js ends a connection once it has written what it had when its client ended it.
 */
function mustBeCutShort(rest: Buffer): void {
  if (isStream(rest)) mustReadEvents(rest);
  else if (!isInPieces(rest)) throw new Violation('half an answer', rest.toString('latin1', 0, 2_000));
}

function isInPieces(rest: Buffer): boolean {
  const [head = ''] = rest.toString('latin1', 0, 2_000).split('\r\n\r\n');
  return /^transfer-encoding: chunked/im.test(head);
}
