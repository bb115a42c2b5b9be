import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { explained, resourceFacts, waitingOn } from './resource-facts.js';
import { sessionJson } from './session-json.js';
import { states } from './sessions.js';

/** Address of Tilt's UI in {@link explainedSession}. */
const WEB_URL = 'http://localhost:10350';

/** Local commands: `broken` failed with this error. */
const BROKEN = `Command "sh -c 'exit 4'" failed: exit status 4`;

/** Parts of {@link explainedSession} that differ between tests. */
export interface ExplainedSessionOptions {
  /** Whether `broken` failed, on which `late` waits. Default: both do not exist. */
  readonly hasFailure?: boolean;
  /** Whether `api` is ready and everything after it has succeeded. Default: it is not ready. */
  readonly isReady?: boolean;
  /** Why the cluster cannot be reached. Default: it can. `pod` needs it. */
  readonly clusterError?: string;
}

/**
 * Creates a Session of `tilt up` on this machine: `api` is not ready, `web` waits for it, `e2e` for both, and
 * `lint` for a trigger.
 */
export function explainedSession(
  instance: string,
  { hasFailure = false, isReady = false, clusterError }: ExplainedSessionOptions = {},
): Session {
  const waiting = isReady ? states.succeeded : states.waiting;
  const targets = [
    ['api:serve', isReady ? states.ready : states.running],
    ...(hasFailure ? [['broken:update', failed(BROKEN)]] : []),
    ['e2e:update', waiting],
    ...(hasFailure ? [['late:update', states.waiting]] : []),
    ['lint:update', { waiting: { waitReason: 'unknown' } }],
    ['tiltfile:update', states.succeeded],
    ['web:update', waiting],
  ] as const;
  const json = sessionJson({
    uid: 'run-1',
    targets: targets.map(([name, state]) => ({
      name,
      type: String(name).endsWith(':serve') ? 'server' : 'job',
      resources: [String(name).replace(/:.*/, '')],
      state,
    })),
  });
  const on = (...names: string[]) => ({ labels: ['shop'], waitingOn: isReady ? [] : waitingOn(...names) });
  const resources = [
    resourceFacts('api', { labels: ['shop'], links: [{ url: 'http://localhost:8080', name: null }] }),
    resourceFacts('broken'),
    resourceFacts('e2e', on('web', 'api')),
    resourceFacts('late', { waitingOn: waitingOn('broken') }),
    resourceFacts('lint', { triggerMode: 'manual-with-auto-init', hasPendingChanges: true }),
    resourceFacts('pod', { kind: 'kubernetes' }),
    resourceFacts('web', on('api')),
  ];
  const cluster = { error: clusterError ?? null };
  return explained(decodeSession(json, instance), resources, { cluster, webUrl: WEB_URL });
}

function failed(error: string): object {
  return { terminated: { ...states.failed, startTime: null, finishTime: null, error } };
}
