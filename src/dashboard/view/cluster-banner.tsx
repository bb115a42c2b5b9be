import { clusterErrorLine } from '../../model/plain-text.js';
import type { Session } from '../model/types.js';
import { LongError } from './long-error.js';
import { Icon } from './parts.js';

/** Whether a Session has failed because its cluster cannot be reached. */
export function isClusterFailure({ cluster, verdict }: Pick<Session, 'cluster' | 'verdict'>): boolean {
  return cluster !== null && cluster.error !== null && verdict.reason?.startsWith(CLUSTER_FAILURE) === true;
}

/** Start of the verdict's reason, in the words of Tilt. */
const CLUSTER_FAILURE = 'cluster connection failed';

/** A banner while the Kubernetes cluster of a Session cannot be reached. */
export function ClusterBanner({ session }: { readonly session: Session }) {
  const error = session.cluster?.error ?? null;
  if (error === null) return null;
  const isFailure = isClusterFailure(session);
  return (
    <div class={`banner tone-${isFailure ? 'bad' : 'warn'}`} role="alert">
      <Icon name={isFailure ? 'FAILED' : 'RETRYING'} />
      <div class="banner-body">
        <p>
          <strong>The Kubernetes cluster cannot be reached.</strong>{' '}
          {isFailure && 'Nothing can be deployed until it can.'}
        </p>
        <LongError error={error} line={clusterErrorLine(error)} />
      </div>
    </div>
  );
}
