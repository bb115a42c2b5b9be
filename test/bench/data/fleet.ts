import { createHash } from 'node:crypto';
import { decodeSession } from '../../../src/model/decode.js';
import { encodeSession, encodeTarget } from '../../../src/model/encode.js';
import { encodeFacts } from '../../../src/model/encode-facts.js';
import { NO_FACTS } from '../../../src/model/facts.js';
import type { Session } from '../../../src/model/session.js';
import { encodeDelta } from '../../../src/nats/delta.js';
import { HEADERS } from '../../../src/nats/delta-message.js';
import { changedIndex, changedState, instanceOf, sessionAt } from './session.js';

/** Name of every publisher's run. */
export const RUN = 'bench';

/** Updates of a session in a fleet. Eight digits encode up to 1,000 sessions and the update. */
export const FLEET_UPDATES = 10_000;

/** `resourceVersion` of a fleet session after n updates. */
export function fleetVersion(stream: number, n: number): string {
  return String(10_000_000 + stream * FLEET_UPDATES + n);
}

/** Sessions of one machine: they have the same first token, so that one publisher reports them together. */
export const SESSIONS_PER_HOST = 100;

/** Bucket key of the session of a stream. */
export function fleetKey(stream: number): string {
  return `${fleetInstance(stream)}.Tiltfile`;
}

/** Id that gateways assign to the session of a stream. */
export function fleetSessionId(stream: number): string {
  return `${fleetInstance(stream)}/Tiltfile`;
}

function fleetInstance(stream: number): string {
  return `host-${Math.floor(stream / SESSIONS_PER_HOST)}.${instanceOf(stream)}`;
}

/** Fields of a message that change with each write. */
export interface MessageHead {
  readonly serial: number;
  /** Revision of the previous message. */
  readonly previous: number;
}

/** A message of a publisher. */
export interface FleetMessage {
  /** Envelope in the format of `src/nats/message-format.ts`. */
  readonly text: string;
  /** Delta and digest. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Writes the messages of a session. */
export interface MessageWriter {
  /** Returns the message of the n-th update. Earlier updates must have been written, in order. */
  write(n: number, head: MessageHead): FleetMessage;
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/**
 * Creates a writer that serializes only the changed target, because it shares the cores with the measured
 * processes. The bytes are those of a publisher.
 */
export function createMessageWriter(stream: number, services: number): MessageWriter {
  let session = decodeSession(sessionAt({ services, stream, n: 0 }), fleetInstance(stream));
  const texts = session.status.targets.map((target) => JSON.stringify(encodeTarget(target)));
  const facts = JSON.stringify(encodeFacts(NO_FACTS));
  return {
    write(n, { serial, previous }) {
      const before = session;
      session = sessionAfter(session, { index: changedIndex(services, n), services, stream, n });
      const changed = session.status.targets[changedIndex(services, n)];
      if (changed) texts[changedIndex(services, n)] = JSON.stringify(encodeTarget(changed));
      const encoded = encodeSession({ ...session, status: { ...session.status, targets: [] } });
      const sessionText = JSON.stringify(encoded).replace('"targets":[]', `"targets":[${texts.join(',')}]`);
      const head = { version: 1, publisher: RUN, serial, previous, link: 'live', error: null };
      const text = `${JSON.stringify(head).slice(0, -1)},"session":${sessionText}}`;
      const delta = n === 0 ? null : encodeDelta(before, session);
      if (delta === null) return { text, headers: NO_HEADERS };
      return {
        text,
        headers: new Map([
          [HEADERS.delta, `${previous} ${serial} ${delta}`],
          [HEADERS.digest, createHash('sha1').update(`[${sessionText},${facts}]`).digest('base64url')],
        ]),
      };
    },
  };
}

interface FleetUpdate {
  readonly index: number;
  readonly services: number;
  readonly stream: number;
  readonly n: number;
}

/** The session with the n-th update. Unchanged targets are reused, as a publisher's source does. */
function sessionAfter(before: Session, { index, services, stream, n }: FleetUpdate): Session {
  const targets = [...before.status.targets];
  const target = targets[index];
  if (target) targets[index] = { ...target, state: { is: 'active', ...changedState(services, n).active } };
  return {
    ...before,
    metadata: { ...before.metadata, resourceVersion: fleetVersion(stream, n) },
    status: { ...before.status, targets },
  };
}
