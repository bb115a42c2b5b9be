/** A resource of the shop, as its Tiltfile declares it. */
export interface ShopResource {
  readonly name: string;
  readonly labels: readonly string[];
  /** Field of a `UIResource` that determines its kind; null for the Tiltfile itself. */
  readonly info: 'localResourceInfo' | 'k8sResourceInfo' | 'composeResourceInfo' | null;
  readonly links: readonly { readonly url: string; readonly name?: string }[];
  /** Resources that must be ready or have succeeded before it starts (`resource_deps`). */
  readonly needs: readonly string[];
  /** State of its targets after the Tiltfile was loaded. */
  readonly begins: 'waiting' | 'inactive' | 'disabled';
  readonly targets: readonly ShopTarget[];
}

/** A target of the shop. */
export interface ShopTarget {
  readonly name: string;
  readonly type: 'job' | 'server';
  readonly resource: ShopResource;
}

/** The Tiltfile itself: the first resource and target of every Tilt. */
export const TILTFILE = resource('(Tiltfile)', { targets: { 'tiltfile:update': 'job' }, info: null });

/**
 * A small shop, in the order of its Tiltfile. Its database runs in Docker Compose and is migrated; its assets
 * are built. The API is served locally; worker and web run in Kubernetes. End-to-end tests come last. Loading
 * sample data is started manually, and the docs are disabled.
 */
export const SHOP: readonly ShopResource[] = [
  TILTFILE,
  resource('db', {
    targets: { 'db:update': 'job', 'db:runtime': 'server' },
    labels: ['backend', 'data'],
    info: 'composeResourceInfo',
  }),
  resource('migrate', { labels: ['backend', 'data'], needs: ['db'] }),
  resource('assets', { labels: ['frontend'] }),
  resource('api', {
    targets: { 'api:update': 'job', 'api:serve': 'server' },
    labels: ['backend'],
    links: [{ url: 'https://example.com/api/docs', name: 'API docs' }, { url: 'https://example.com/api' }],
    needs: ['migrate'],
  }),
  resource('worker', {
    targets: { 'worker:update': 'job', 'worker:runtime': 'server' },
    labels: ['backend'],
    info: 'k8sResourceInfo',
    needs: ['migrate'],
  }),
  resource('web', {
    targets: { 'web:update': 'job', 'web:runtime': 'server' },
    labels: ['frontend'],
    info: 'k8sResourceInfo',
    links: [{ url: 'https://example.com/shop', name: 'Shop' }],
    needs: ['api', 'assets'],
  }),
  resource('e2e', { labels: ['tests'], needs: ['worker', 'web'] }),
  resource('sample-data', { labels: ['data'], needs: ['migrate'], begins: 'inactive' }),
  resource('docs', {
    targets: { 'docs:serve': 'server' },
    links: [{ url: 'https://example.com/docs' }],
    begins: 'disabled',
  }),
];

/** Targets of the shop, sorted by name, as Tilt does. */
export const SHOP_TARGETS: readonly ShopTarget[] = SHOP.flatMap(({ targets }) => targets).toSorted((a, b) =>
  a.name < b.name ? -1 : 1,
);

function resource(
  name: string,
  given: Partial<Omit<ShopResource, 'targets'>> & {
    readonly targets?: Readonly<Record<string, ShopTarget['type']>>;
  },
): ShopResource {
  const { targets: types = { [`${name}:update`]: 'job' } } = given;
  const targets: ShopTarget[] = [];
  const made: ShopResource = {
    name,
    labels: [],
    info: 'localResourceInfo',
    links: [],
    needs: [],
    begins: 'waiting',
    ...given,
    targets,
  };
  for (const [target, type] of Object.entries(types)) targets.push({ name: target, type, resource: made });
  return made;
}
