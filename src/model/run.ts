import type { Session } from './session.js';

/** What identifies a run of Tilt. */
type RunIdentity = Pick<Session, 'spec'> & {
  readonly metadata: Pick<Session['metadata'], 'uid'>;
  readonly status: Pick<Session['status'], 'pid' | 'startTime'>;
};

/**
 * Whether two objects of one session id are of the same run of Tilt: the same uid, or, where neither has one, no
 * contradiction in the process id, the start time and the Tiltfile. A field that is still absent contradicts nothing.
 */
export function isSameRun(a: RunIdentity, b: RunIdentity): boolean {
  if (a.metadata.uid !== null || b.metadata.uid !== null) return a.metadata.uid === b.metadata.uid;
  return (
    agree(a.status.pid, b.status.pid) &&
    agree(a.status.startTime, b.status.startTime) &&
    agree(a.spec.tiltfilePath || null, b.spec.tiltfilePath || null)
  );
}

/** Whether an object tells its run from others at all: it has a uid, a process id or a start time. */
export function identifiesRun({ metadata, status }: Omit<RunIdentity, 'spec'>): boolean {
  return metadata.uid !== null || status.pid !== null || status.startTime !== null;
}

function agree<T>(a: T | null, b: T | null): boolean {
  return a === null || b === null || a === b;
}
