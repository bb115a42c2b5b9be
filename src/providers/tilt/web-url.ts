import { bareHost, isLoopback } from '../../lib/host.js';
import type { KubeContext } from './kube-context.js';

/** Web port of a Tilt that is started without `--port` (`model.DefaultWebPort`). */
const DEFAULT_PORT = 10_350;

/**
 * Finds the address of a Tilt's own UI: `http://localhost:10350`. Tilt names its context after its web port:
 * `tilt-default` is 10350, `tilt-10360` is 10360. `tilt-0` stands for a random port. Returns null if the port
 * is not known, and for an API server that is not on this machine, which is no Tilt. Pure.
 *
 * The web server listens on `localhost`, or on the host of `--host` or `TILT_HOST`, which the kubeconfig does
 * not contain. With `TILT_HOST=0.0.0.0` the address is right; with the address of one network interface the
 * UI is at that address instead.
 */
export function findWebUrl(context: KubeContext): string | null {
  if (context.is !== 'usable' || !isLoopback(bareHost(new URL(context.endpoint.server)))) return null;
  const [, suffix] = /^tilt-(default|[1-9]\d{0,4})$/.exec(context.name) ?? [];
  if (suffix === undefined) return null;
  const port = suffix === 'default' ? DEFAULT_PORT : Number(suffix);
  return port > MAX_PORT ? null : `http://localhost:${port}`;
}

const MAX_PORT = 65_535;

/** Describes why logs cannot be read if {@link findWebUrl} returns null. */
export function describeUnknownWebUrl({ name }: KubeContext): string {
  const isRandomPort = name === 'tilt-0';
  const hint = isRandomPort
    ? 'start Tilt with a fixed --port to read them'
    : 'they are read only from a Tilt on this machine';
  return `logs: the address of the web server of ${name} is not known; ${hint}`;
}
