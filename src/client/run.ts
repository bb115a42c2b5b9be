import type { ExitCondition, SessionFields } from './generated.js';

/** One run of Tilt under a Session's id: what a wait is bound to. */
export interface Run {
  /** Id of its Session, `<instance>/<name>`. */
  readonly session: string;
  /** Tells it from every other run; null where the source gives none. */
  readonly uid: string | null;
  readonly tiltfilePath: string;
  readonly exitCondition: ExitCondition;
  /** Process id, on Tilt's machine. */
  readonly pid: number | null;
  /** When it started, by Tilt's clock (RFC 3339). */
  readonly startTime: string | null;
}

/** The run that a Session reports on. */
export function runOf({ id, metadata, spec, status }: SessionFields): Run {
  const { tiltfilePath, exitCondition } = spec;
  const { pid, startTime } = status;
  return { session: id, uid: metadata.uid, tiltfilePath, exitCondition, pid, startTime };
}

/**
 * Whether two reports under one id are of the same run: by uid, and without one by Tiltfile, process id and start time. The
 * last two may be missing at first and appear later.
 */
export function isSameRun(known: Run, seen: Run): boolean {
  if (known.session !== seen.session) return false;
  if (known.uid !== null && seen.uid !== null) return known.uid === seen.uid;
  return (
    known.tiltfilePath === seen.tiltfilePath &&
    (known.pid === null || known.pid === seen.pid) &&
    (known.startTime === null || known.startTime === seen.startTime)
  );
}

/** Whether two Sessions are known and of different runs. */
export function isAnotherRun(
  before: SessionFields | null | undefined,
  after: SessionFields | null | undefined,
): boolean {
  return before != null && after != null && !isSameRun(runOf(before), runOf(after));
}

/** A run in words: `/home/dev/shop/Tiltfile, started 2026-11-22T11:00:00.000000Z, pid 4711`. */
export function describeRun({ tiltfilePath, startTime, pid }: Run): string {
  const parts = [
    tiltfilePath || 'unknown Tiltfile',
    startTime === null ? '' : `started ${startTime}`,
    pid === null ? '' : `pid ${pid}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
