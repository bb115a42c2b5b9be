/** A target of the shop, as its Tiltfile declares it. */
export interface ShopTarget {
  readonly name: string;
  readonly type: 'job' | 'server';
  readonly resource: string;
  /** How it begins once the Tiltfile is loaded. */
  readonly begins: 'waiting' | 'inactive' | 'disabled';
  /** Runs in Kubernetes: then it has no finish time, and waits for its pod. */
  readonly isPod: boolean;
  /** What must be ready or have succeeded before its resource starts. */
  readonly needs: readonly string[];
}

/** The Tiltfile itself is the first target of every Tilt. */
export const TILTFILE: ShopTarget = target('tiltfile:update', 'job', { resource: '(Tiltfile)' });

/**
 * A small shop: its database is migrated, assets are built (a flaky build), the API is served from the machine, web
 * and worker run in Kubernetes, and end-to-end tests come last. Docs are disabled; loading sample data is started by hand.
 */
export const SHOP: readonly ShopTarget[] = [
  target('api:serve', 'server', { needs: ['migrate:update'] }),
  target('api:update', 'job', { needs: ['migrate:update'] }),
  target('assets:update', 'job', { needs: ['migrate:update'] }),
  target('docs:serve', 'server', { begins: 'disabled' }),
  target('e2e:update', 'job', { needs: ['web:runtime', 'worker:runtime'] }),
  target('migrate:update', 'job'),
  target('sample-data:update', 'job', { begins: 'inactive' }),
  TILTFILE,
  target('web:runtime', 'server', { isPod: true, needs: ['api:serve', 'assets:update'] }),
  target('web:update', 'job', { needs: ['api:serve', 'assets:update'] }),
  target('worker:runtime', 'server', { isPod: true, needs: ['migrate:update'] }),
  target('worker:update', 'job', { needs: ['migrate:update'] }),
];

function target(name: string, type: ShopTarget['type'], given: Partial<ShopTarget> = {}): ShopTarget {
  const [resource = name] = name.split(':');
  return { name, type, resource, begins: 'waiting', isPod: false, needs: [], ...given };
}
