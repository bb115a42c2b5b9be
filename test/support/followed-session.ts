import { expect } from 'vitest';
import type { TestGateway } from './gateway.js';
import type { ManualClock } from './manual-clock.js';
import { type SessionJson, type SessionJsonOptions, sessionJson } from './session-json.js';

/** The fields of a Session that tests compare. */
export interface SessionView {
  readonly metadata: { readonly uid: string | null; readonly resourceVersion: string | null };
  readonly connection: { readonly state: string; readonly since: string; readonly error: string | null };
  readonly verdict: { readonly state: string; readonly final: boolean; readonly reason: string | null };
  readonly status: { readonly targets: readonly { readonly name: string; readonly phase: string }[] };
}

/** A Session of a gateway, as a client sees it over HTTP. */
export interface FollowedSession {
  /** Queries the current state. Null when no Session has the id. */
  read(): Promise<SessionView | null>;
  /** Waits until the Session matches. Advances the gateway's clock meanwhile if it is a manual clock. */
  until(expected: object | null): Promise<void>;
}

const QUERY = `query ($id: ID) { session(id: $id) {
  metadata { uid resourceVersion } connection { state since error }
  verdict { state final reason } status { targets { name phase } }
} }`;

/** Step of the manual clock between two queries. The network uses real time in between. */
const STEP_MS = 100;

/** Creates an observer of the Session of an instance. */
export function followSession(
  gateway: TestGateway,
  instance = 'tilt-default',
  clock?: ManualClock,
): FollowedSession {
  const read = async () => {
    const id = `${instance}/Tiltfile`;
    const { data } = await gateway.query<{ session: SessionView | null }>(QUERY, { id });
    return data.session;
  };
  const advanceAndRead = async () => {
    await clock?.advance(STEP_MS);
    return read();
  };
  return {
    read,
    async until(expected) {
      const poll = expect.poll(advanceAndRead, { timeout: 20_000, interval: clock ? 1 : 20 });
      await (expected === null ? poll.toBeNull() : poll.toMatchObject(expected));
    },
  };
}

/** Creates a Session of `tilt up` with two healthy targets, so that its verdict is PASSED. */
export function greenJson(options: SessionJsonOptions = {}): SessionJson {
  return sessionJson({ targets: GREEN.map(targetJson), ...options });
}

const GREEN = ['api:serve', 'tiltfile:update'] as const;
const READY = {
  active: { startTime: '2026-11-22T11:42:24Z', ready: true, lastReadyTime: '2026-11-22T11:42:25Z' },
};
const SUCCEEDED = {
  terminated: { startTime: '2026-11-22T11:42:22Z', finishTime: '2026-11-22T11:42:23Z' },
};

function targetJson(name: string): object {
  const isServer = name === 'api:serve';
  return {
    name,
    type: isServer ? 'server' : 'job',
    resources: [name.replace(/:.*/, '')],
    state: isServer ? READY : SUCCEEDED,
  };
}

const READABLE = {
  status: {
    targets: [
      { name: 'api:serve', phase: 'READY' },
      { name: 'tiltfile:update', phase: 'SUCCEEDED' },
    ],
  },
};

/** Result of a query for {@link greenJson} while the connection is LIVE. */
export const HEALTHY = {
  connection: { state: 'LIVE', error: null },
  verdict: { state: 'PASSED', final: false, reason: null },
  ...READABLE,
};

/**
 * The same while STALE or GONE: targets stay readable, the verdict is UNKNOWN, the error is one line
 * matching `reason`.
 */
export function degraded(state: 'STALE' | 'GONE', reason: RegExp) {
  const line = new RegExp(`^.*(?:${reason.source}).*$`);
  return {
    connection: { state, error: expect.stringMatching(line) },
    verdict: { state: 'UNKNOWN', final: false, reason: expect.stringMatching(/^.+$/) },
    ...READABLE,
  };
}
