import { changedIndex, changedTarget, instanceOf, sessionAt } from './session.js';

/** Updates of a session in a fleet. Eight digits encode up to 1,000 sessions and the update. */
export const FLEET_UPDATES = 10_000;

/** `resourceVersion` of a fleet session after n updates. */
export function fleetVersion(stream: number, n: number): string {
  return String(10_000_000 + stream * FLEET_UPDATES + n);
}

/** Bucket key of the session of a stream. */
export function fleetKey(stream: number): string {
  return `${instanceOf(stream)}.Tiltfile`;
}

/** Fields of an envelope that change with each write. */
export interface EnvelopeHead {
  readonly serial: number;
  readonly previous: number;
}

/** Writes the envelopes of a session, in the format of `src/nats/message-format.ts`. */
export interface EnvelopeWriter {
  /** Returns the envelope of the n-th update. Earlier updates must have been written, in order. */
  write(n: number, head: EnvelopeHead): string;
}

/**
 * Creates a writer that serializes only the changed target, because it shares the cores with the measured
 * processes.
 */
export function createEnvelopeWriter(stream: number, services: number): EnvelopeWriter {
  const { metadata, status, ...rest } = sessionAt({ services, stream, n: 0 });
  const { targets, ...restOfStatus } = status;
  const texts = targets.map((target) => JSON.stringify(target));
  return {
    write(n, { serial, previous }) {
      const resourceVersion = fleetVersion(stream, n);
      if (n > 0) {
        texts[changedIndex(services, n)] = JSON.stringify(changedTarget({ services, stream, n }));
      }
      const head = { version: 1, publisher: 'bench', serial, previous, link: 'live', error: null };
      const session = { ...rest, metadata: { ...metadata, resourceVersion } };
      const begun = `${opened(head)},"session":${opened(session)},"status":${opened(restOfStatus)}`;
      return `${begun},"targets":[${texts.join(',')}]}}}`;
    },
  };
}

/** JSON of an object without the closing brace, so that more fields can follow. */
function opened(object: object): string {
  return JSON.stringify(object).slice(0, -1);
}
