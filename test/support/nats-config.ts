/** Settings of a `nats-server`. */
export interface NatsConfig {
  readonly name: string;
  /** Client port on 127.0.0.1. */
  readonly port: number;
  /** Folder of the JetStream store. */
  readonly folder: string;
  /** Port of the HTTP monitoring endpoint. Default: no monitoring. */
  readonly monitor?: number;
  /** Default: true. */
  readonly jetstream?: boolean;
  /** Default: a single server. */
  readonly cluster?: {
    readonly port: number;
    /** Route ports of all servers. */
    readonly routes: readonly number[];
    /** Whether the server advertises the other servers to clients. Default: true. */
    readonly advertise?: boolean;
  };
  /** Further lines, such as authorization. */
  readonly extraLines?: string;
}

/** Formats a configuration file from the same lines as in `docs/fleet.md`. */
export function formatNatsConfig(config: NatsConfig): string {
  const { name, port, monitor, folder, jetstream = true, cluster, extraLines } = config;
  const lines = [`server_name: ${name}`, `listen: "127.0.0.1:${port}"`];
  if (monitor !== undefined) lines.push(`http: "127.0.0.1:${monitor}"`);
  if (jetstream) lines.push(`jetstream { store_dir: "${folder}", max_mem: 256M, max_file: 2G }`);
  if (cluster) {
    lines.push(
      'cluster {',
      '  name: tilt',
      `  listen: "127.0.0.1:${cluster.port}"`,
      `  routes: [${cluster.routes.map((route) => `"nats://127.0.0.1:${route}"`).join(', ')}]`,
      ...(cluster.advertise === false ? ['  no_advertise: true'] : []),
      '}',
    );
  }
  return [...lines, ...(extraLines === undefined ? [] : [extraLines]), ''].join('\n');
}
