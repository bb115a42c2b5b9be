import type { ResourceFields, SessionFields } from './generated.js';

/**
 * Whether the Tilt of a Session has exited or is about to: `tilt ci` exits at its first failure. Then no
 * command on it works.
 */
export function hasExited({ connection, spec, verdict }: SessionFields): boolean {
  const isOver = verdict.final || verdict.state === 'FAILED';
  return connection.state === 'GONE' || (spec.exitCondition === 'CI' && isOver);
}

/** Whether the log of a Session can be read only in the output of its `tilt ci`, which has exited. */
export function isLogPrinted(session: SessionFields): boolean {
  return session.spec.exitCondition === 'CI' && !session.isDemo && hasExited(session);
}

/**
 * Resources of a Session by name, as far as they can be used: without their pages in Tilt's own UI, and with
 * them the commands below, once Tilt has exited.
 */
export function toReachable(
  resources: ReadonlyMap<string, ResourceFields>,
  session: SessionFields | null,
): ReadonlyMap<string, ResourceFields> {
  if (session === null || !hasExited(session)) return resources;
  return new Map([...resources].map(([name, resource]) => [name, { ...resource, tiltUrl: null }]));
}

/**
 * Command that prints the log of a resource: `tilt logs --port 10350 api`. Null if Tilt's own UI, and with it
 * its port, is not known.
 *
 * @param tiltUrl page of the resource in Tilt's own UI
 */
export function formatLogsCommand(tiltUrl: string | null, resource: string): string | null {
  return formatTiltCommand('logs', tiltUrl, resource);
}

/** Command that triggers a resource: `tilt trigger --port 10350 api`. Null if the port is not known. */
export function formatTriggerCommand(tiltUrl: string | null, resource: string): string | null {
  return formatTiltCommand('trigger', tiltUrl, resource);
}

function formatTiltCommand(verb: string, tiltUrl: string | null, resource: string): string | null {
  const url = tiltUrl !== null && URL.canParse(tiltUrl) ? new URL(tiltUrl) : null;
  if (url === null) return null;
  // URL drops a port that is the default of the protocol.
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return `tilt ${verb} --port ${port} ${quote(resource)}`;
}

/** Quotes a name for POSIX shells. Names such as `(Tiltfile)` are syntax without it. */
function quote(name: string): string {
  return /^[\w./:@%+][\w./:@%+-]*$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}

/** Command on a resource as above; without the port if it is not known: `tilt logs api`. */
export function formatAnyTiltCommand(
  verb: 'logs' | 'trigger',
  tiltUrl: string | null,
  resource: string,
): string {
  return formatTiltCommand(verb, tiltUrl, resource) ?? `tilt ${verb} ${quote(resource)}`;
}
