/** A session in Tilt's JSON. A type, not an interface, so that it is assignable to any JSON object type. */
export type WireSession = {
  readonly kind: 'Session';
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly spec: { readonly tiltfilePath: string; readonly exitCondition: string };
  readonly status: {
    readonly pid: number;
    readonly startTime: string;
    readonly targets: readonly WireTarget[];
    readonly done: boolean;
  };
};

/** A target in Tilt's JSON: a succeeded job or a running server. */
export type WireTarget = {
  readonly name: string;
  readonly type: 'job' | 'server';
  readonly resources: readonly string[];
  readonly state: WireState;
};

/** State of a target. Exactly one member is populated. */
export type WireState = {
  readonly active?: { readonly startTime: string; readonly ready: boolean; readonly lastReadyTime: string };
  readonly terminated?: { readonly startTime: string; readonly finishTime: string };
};

/** Selects a session and the number of updates applied to it. */
export interface SessionAt {
  /** Number of services, half the number of targets: each service has a build job and a server. */
  readonly services: number;
  /** Number of the session on its server, from 0 to 9. */
  readonly stream: number;
  /** Number of updates, below a million. Each toggles the readiness of one server. */
  readonly n: number;
}

/** Id that the gateway assigns to the session of a stream. */
export function sessionId(stream: number): string {
  return `${instanceOf(stream)}/Tiltfile`;
}

/** Instance of the session of a stream. */
export function instanceOf(stream: number): string {
  return `bench-${stream}`;
}

/** The whole session after `n` updates. */
export function sessionAt(at: SessionAt): WireSession {
  const { services, stream, n } = at;
  return {
    kind: 'Session',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: { name: 'Tiltfile', uid: `uid-${stream}`, resourceVersion: versionOf(stream, n) },
    spec: { tiltfilePath: '/home/dev/shop/Tiltfile', exitCondition: 'manual' },
    status: {
      pid: 21546,
      startTime: START,
      targets: Array.from({ length: services }, (_, service) => [
        serverOf(service, lastUpdateOf(service, at), services),
        jobOf(service),
      ]).flat(),
      done: false,
    },
  };
}

/** List index of the target that the n-th update changes. */
export function changedIndex(services: number, n: number): number {
  return (n % services) * 2;
}

/** The target that the n-th update changes, in its new state. */
export function changedTarget({ services, n }: SessionAt): WireTarget {
  return serverOf(n % services, n, services);
}

/** New state of the target that the n-th update changes. */
export function changedState(services: number, n: number): WireState & { active: object } {
  const turns = n === 0 ? 0 : Math.ceil(n / services);
  return { active: { startTime: START, ready: turns % 2 === 0, lastReadyTime: timeOf(n) } };
}

/**
 * `resourceVersion` after n updates: eight digits, of which the second is the stream and the last six the
 * number of the update. The load client identifies the update of a payload by it.
 */
export function versionOf(stream: number, n: number): string {
  return String(10_000_000 + stream * 1_000_000 + n);
}

const START = '2026-11-22T12:00:00.000001Z';

function timeOf(n: number): string {
  return `2026-11-22T12:00:01.${String(n).padStart(6, '0')}Z`;
}

function nameOf(service: number): string {
  return `service-${String(service).padStart(4, '0')}`;
}

/** Number of the newest update of this service, or 0. */
function lastUpdateOf(service: number, { services, n }: SessionAt): number {
  const last = n - ((((n - service) % services) + services) % services);
  return Math.max(last, 0);
}

function serverOf(service: number, n: number, services: number): WireTarget {
  const name = nameOf(service);
  return { name: `${name}:serve`, type: 'server', resources: [name], state: changedState(services, n) };
}

function jobOf(service: number): WireTarget {
  const name = nameOf(service);
  const state = { terminated: { startTime: START, finishTime: '2026-11-22T12:00:00.500001Z' } };
  return { name: `${name}:update`, type: 'job', resources: [name], state };
}
