/** Name of the Tiltfile itself as a resource. Lines without a resource belong to it. */
export const TILTFILE = '(Tiltfile)';

/**
 * Key of the update of a resource called `tiltfile`. Its name is that of the Tiltfile's own target, which is
 * the first in a Session: Tilt adds it first and sorts the targets by name with a stable sort.
 */
const SECOND_TILTFILE_UPDATE = 'tiltfile:update#2';

/**
 * Finds the key of the target that wrote a span, by the ids that Tilt gives to spans:
 *
 * | span | target |
 * | --- | --- |
 * | `cmd:X:update`, `build:N` | `X:update`; for a resource called `tiltfile` `tiltfile:update#2` |
 * | `localserve:N` | `X:serve` |
 * | `tiltfile:(Tiltfile):N` | `tiltfile:update` |
 * | pods, containers and the like | `X:runtime` |
 *
 * Null for lines of no target: those of Tilt itself, of commands that are no target (`cmd:…`, such as those
 * of buttons), and of no span (`unknown:…`).
 */
export function findTarget(span: string, resource: string): string | null {
  if (resource === TILTFILE) return span.startsWith(`tiltfile:${TILTFILE}:`) ? 'tiltfile:update' : null;
  const kind = span.slice(0, span.indexOf(':') + 1);
  switch (kind) {
    case '':
    case 'unknown:':
    case 'tiltfile:':
      return null;
    case 'cmd:':
      return span === `cmd:${resource}:update` ? updateOf(resource) : null;
    case 'build:':
      return updateOf(resource);
    case 'localserve:':
      return `${resource}:serve`;
    default:
      return `${resource}:runtime`;
  }
}

function updateOf(resource: string): string {
  return resource === 'tiltfile' ? SECOND_TILTFILE_UPDATE : `${resource}:update`;
}
