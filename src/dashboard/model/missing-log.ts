/** A source of the gateway. */
export interface Source {
  readonly name: string;
  /** Kinds of objects that it does not provide, and why, one line each. */
  readonly unavailable: readonly string[];
}

/** Kind under which a source reports that it cannot read logs. */
const LOGS = 'logs: ';

/**
 * Describes why a Session has no log, in one line. The source of a single Tilt has the name of its instance.
 * Others, such as buckets, have the Sessions of many Tilts and no log.
 *
 * @param session id of the Session
 * @param sources sources of the gateway; null if they are not known
 */
export function describeMissingLog(session: string, sources: readonly Source[] | null): string {
  if (sources === null) return NOT_READ;
  const own = sources.find(({ name }) => session.startsWith(`${name}/`));
  if (own === undefined) {
    return 'Logs are not available here: only the gateway next to this Tilt can follow them.';
  }
  const reason = own.unavailable.find((line) => line.startsWith(LOGS));
  return reason === undefined ? NOT_READ : `Logs are not available: ${reason.slice(LOGS.length)}`;
}

const NOT_READ = 'Logs are not available: start the gateway with --logs next to Tilt.';
