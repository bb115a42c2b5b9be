import { changedIndex, changedTarget, instanceOf, sessionAt } from './session.js';

/** How many updates each Session of a fleet can have: there are up to 1,000 Sessions, and eight digits for both. */
export const FLEET_UPDATES = 10_000;

/** The `resourceVersion` of a Session of a fleet after n updates. */
export function fleetVersion(stream: number, n: number): string {
  return String(10_000_000 + stream * FLEET_UPDATES + n);
}

/** The key under which a bucket has the Session of a stream. */
export function fleetKey(stream: number): string {
  return `${instanceOf(stream)}.Tiltfile`;
}

/** What stands beside a Session in a bucket and is not always the same. */
export interface EnvelopeHead {
  readonly serial: number;
  readonly previous: number;
}

/** The envelopes of a Session, one update after the other, in the form of `src/nats/envelope.ts`. */
export interface EnvelopeWriter {
  /** The envelope of the n-th update; those before it have been written, in order. */
  write(n: number, head: EnvelopeHead): string;
}

/** A writer that makes only what has changed anew: it shares its cores with what is measured. */
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

/** An object's text without its end, so that more can follow. */
function opened(object: object): string {
  return JSON.stringify(object).slice(0, -1);
}
