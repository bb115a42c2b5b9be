import { randomUUID } from 'node:crypto';

/** A Session in wire format. Any shape is allowed, so that tests can create invalid Sessions. */
export type SessionJson = Readonly<Record<string, unknown>> & { readonly metadata: MetadataJson };

/** Metadata of a {@link SessionJson}. */
export type MetadataJson = Readonly<Record<string, unknown>> & { readonly name: string };

/** Options of {@link sessionJson}. */
export interface SessionJsonOptions {
  /** Default: `Tiltfile`, the name Tilt uses. */
  readonly name?: string;
  /** Default: a random uid. */
  readonly uid?: string;
  /** Default: none, so that a test server assigns it. */
  readonly resourceVersion?: string;
  /** Default: `tiltfile:update` only, succeeded. */
  readonly targets?: readonly unknown[];
  /** Further fields of the status, such as `done` or `error`. */
  readonly status?: Readonly<Record<string, unknown>>;
}

/** Creates a Session of `tilt up` in wire format. */
export function sessionJson(options: SessionJsonOptions = {}): SessionJson {
  const { name = 'Tiltfile', uid = randomUUID(), resourceVersion, targets = [TILTFILE], status } = options;
  return {
    kind: 'Session',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: {
      name,
      uid,
      ...(resourceVersion !== undefined && { resourceVersion }),
      creationTimestamp: '2026-11-22T11:42:23Z',
    },
    spec: { tiltfilePath: '/home/dev/shop/Tiltfile', exitCondition: 'manual' },
    status: { pid: 21546, startTime: '2026-11-22T11:42:22.642252Z', targets, done: false, ...status },
  };
}

/** Creates a Session that cannot be decoded because its pid is a string. */
export function brokenSessionJson(options: SessionJsonOptions = {}): SessionJson {
  return sessionJson({ ...options, status: { ...options.status, pid: 'twelve' } });
}

/** A target that cannot be decoded because it has two states. */
export const BROKEN_TARGET_JSON = {
  name: 'api:serve',
  type: 'server',
  resources: ['api'],
  state: { waiting: { waitReason: 'x' }, active: { startTime: null, ready: false } },
};

const TILTFILE = {
  name: 'tiltfile:update',
  type: 'job',
  resources: ['(Tiltfile)'],
  state: {
    terminated: { startTime: '2026-11-22T11:42:22.642252Z', finishTime: '2026-11-22T11:42:23.001002Z' },
  },
};
