/** A Session as Tilt writes it. A type, not an interface, so that it passes where any JSON object does. */
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

/** A target as Tilt writes it: a job that has ended well, or a server that runs. */
export type WireTarget = {
  readonly name: string;
  readonly type: 'job' | 'server';
  readonly resources: readonly string[];
  readonly state: WireState;
};

/** One member is populated. */
export type WireState = {
  readonly active?: { readonly startTime: string; readonly ready: boolean; readonly lastReadyTime: string };
  readonly terminated?: { readonly startTime: string; readonly finishTime: string };
};

/** Which Session, and after how many updates. */
export interface SessionAt {
  /** Half as many as there are targets: each service has a job that built it and a server that runs. */
  readonly services: number;
  /** Which of the Sessions of a server, from 0 to 9. */
  readonly stream: number;
  /** How many updates it has seen, below a million. Each turns the readiness of one server. */
  readonly n: number;
}

/** The id that the gateway gives to the Session of a stream. */
export function sessionId(stream: number): string {
  return `${instanceOf(stream)}/Tiltfile`;
}

/** The instance that the Session of a stream is of. */
export function instanceOf(stream: number): string {
  return `bench-${stream}`;
}

/** The whole Session as it is after `n` updates. */
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

/** Which target the n-th update changes: its place in the list. */
export function changedIndex(services: number, n: number): number {
  return (n % services) * 2;
}

/** The target that the n-th update changes, as it is then. */
export function changedTarget({ services, n }: SessionAt): WireTarget {
  return serverOf(n % services, n, services);
}

/** The state that the n-th update brings to the target it changes. */
export function changedState(services: number, n: number): WireState & { active: object } {
  const turns = n === 0 ? 0 : Math.ceil(n / services);
  return { active: { startTime: START, ready: turns % 2 === 0, lastReadyTime: timeOf(n) } };
}

/**
 * The `resourceVersion` after n updates: eight digits, of which the second tells the stream and the last six the
 * number of the update. By it the load client sees which update a payload is of.
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

/** The newest update that was of this service; 0 when there was none. */
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
