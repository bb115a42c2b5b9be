import type { Socket } from 'node:net';
import { openBucket } from '../../../src/nats/bucket.js';
import { connectNats } from '../../../src/nats/connection.js';
import { HEADERS } from '../../../src/nats/delta-message.js';
import { formatSubject } from '../../../src/nats/follow-stream.js';
import { parseAddress } from '../../../src/nats/settings.js';
import { keyOfVersion } from '../clients/find-update.js';
import { FLEET_UPDATES, fleetSessionId } from '../data/fleet.js';
import { targetChange } from '../data/operations.js';
import { versionOf } from '../data/session.js';
import { control } from './control.js';
import { framed, listenForReaders, nextMessage } from './raw-readers.js';

const VERSION = /"resourceVersion":"(\d{8})"/;

/**
 * The lower bound for gateways on Node.js with the client library of NATS: the library's plain subscription,
 * without consumer or flow control, and one system call for the reader of each message. Only the version is
 * read, and put into a prepared frame.
 */
control(async ({ services, upstream }) => {
  if (!upstream || !('nats' in upstream)) throw new Error('Expected a bucket.');
  const place = parseAddress(upstream.nats);
  const connection = await connectNats(place, {}, 'bench');
  const { sessionStream } = await openBucket(connection, place);
  const readers = new Map<string, Socket>();
  const prepared = framed(nextMessage(targetChange().expected({ services, stream: 0, n: 0 })));
  const at = prepared.indexOf(versionOf(0, 0));

  connection.subscribe(formatSubject(sessionStream, '>'), {
    callback(_error, { headers }) {
      const [, version] = VERSION.exec(headers?.get(HEADERS.delta) ?? '') ?? [];
      if (version === undefined) return;
      const frame = Buffer.from(prepared);
      frame.write(version, at, 'latin1');
      readers.get(fleetSessionId(keyOfVersion(Number(version), FLEET_UPDATES).stream))?.write(frame);
    },
  });
  const port = await listenForReaders(({ connection }, message) => {
    const [, id] = /session: \\"([^\\]+)\\"/.exec(message) ?? [];
    if (id !== undefined) readers.set(id, connection);
  });
  return { port, emit() {} };
});
