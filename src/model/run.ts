import type { Session } from './session.js';

/** What identifies a run of Tilt. */
type RunIdentity = Pick<Session, 'spec'> & {
  readonly metadata: Pick<Session['metadata'], 'uid'>;
  readonly status: Pick<Session['status'], 'pid' | 'startTime'>;
};

/**
 * Whether a later object of one session id is of the same run of Tilt: the same uid, or, where neither has one, the same
 * process id, start time and Tiltfile. A field that is still absent may appear; one that is missing again is of another run.
 */
export function isSameRun(known: RunIdentity, later: RunIdentity): boolean {
  if (known.metadata.uid !== null || later.metadata.uid !== null) {
    return known.metadata.uid === later.metadata.uid;
  }
  return (
    continues(known.status.pid, later.status.pid) &&
    continues(known.status.startTime, later.status.startTime) &&
    continues(known.spec.tiltfilePath || null, later.spec.tiltfilePath || null)
  );
}

/** Whether an object tells its run from others at all: it has a uid, a process id or a start time. */
export function identifiesRun({ metadata, status }: Omit<RunIdentity, 'spec'>): boolean {
  return metadata.uid !== null || status.pid !== null || status.startTime !== null;
}

function continues<T>(known: T | null, later: T | null): boolean {
  return known === null || known === later;
}
