import { randomUUID } from 'node:crypto';

/** A Session as it is on the wire; any shape, so that broken ones can be made too. */
export type SessionJson = Readonly<Record<string, unknown>> & { readonly metadata: MetadataJson };

/** The metadata of a {@link SessionJson}. */
export type MetadataJson = Readonly<Record<string, unknown>> & { readonly name: string };

/** What may be said of a {@link sessionJson}. */
export interface SessionJsonOptions {
  /** Default `Tiltfile`, as Tilt names it. */
  readonly name?: string;
  /** Default: a new one. */
  readonly uid?: string;
  /** Default: none, so that a test server stamps its own. */
  readonly resourceVersion?: string;
  /** Default: one, `tiltfile:update`, which has succeeded. */
  readonly targets?: readonly unknown[];
  /** More of the status: `done`, `error`, … */
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A Session of `tilt up` in JSON. */
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

/** A Session that cannot be decoded: its process id is a text. */
export function brokenSessionJson(options: SessionJsonOptions = {}): SessionJson {
  return sessionJson({ ...options, status: { ...options.status, pid: 'twelve' } });
}

/** A target that cannot be decoded: it has two states at once. */
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
