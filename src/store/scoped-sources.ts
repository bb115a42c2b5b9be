import type { ConnectionStatus, SessionRecord } from './record.js';
import type { SourceStatus } from './source-table.js';

/** Replaces an error that may be about an object of another instance. */
const HIDDEN_ERROR = 'the error may concern other instances, which this token cannot read';

/**
 * The sources as a client sees them that may read only some instances: those that provide a visible Session,
 * and those without Sessions that have the name of a visible instance, such as a Tilt that starts. Their
 * status follows from the visible Sessions alone.
 *
 * @param records the visible Sessions
 */
export function scopeSources(
  statuses: readonly SourceStatus[],
  records: readonly SessionRecord[],
  isVisible: (instance: string) => boolean,
): SourceStatus[] {
  const connections = new Map<string, ConnectionStatus[]>(statuses.map(({ name }) => [name, []]));
  for (const { source, connection } of records) {
    if (connection.state !== 'gone') connections.get(source)?.push(connection);
  }
  return statuses.flatMap((status) => {
    const own = connections.get(status.name) ?? [];
    if (own.length > 0) return [scopeStatus(status, own)];
    if (status.sessionCount > 0 || !isVisible(status.name)) return [];
    return [{ ...status, error: status.error === null ? null : HIDDEN_ERROR, unavailable: [] }];
  });
}

/** An error of the source makes all of its Sessions STALE, one of an object only its Session. */
function scopeStatus(status: SourceStatus, own: readonly ConnectionStatus[]): SourceStatus {
  const stale = own.filter(({ state }) => state === 'stale');
  const live = own.filter(({ state }) => state === 'live');
  // In a bucket a Session can be STALE although the source works.
  const isStale = status.state === 'stale' && stale.length > 0;
  const times = (isStale ? stale : live).map(({ since }) => since).sort();
  // They may name a file of another instance.
  const unavailable = own.length === status.sessionCount ? status.unavailable : [];
  return {
    name: status.name,
    state: isStale ? 'stale' : 'live',
    since: times[0] ?? status.since,
    error: isStale ? (stale[0]?.error ?? null) : null,
    sessionCount: own.length,
    unavailable,
  };
}
