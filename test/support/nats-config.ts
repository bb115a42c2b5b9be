/** What a server of NATS is told. */
export interface NatsConfig {
  readonly name: string;
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Where it keeps what it stores. */
  readonly folder: string;
  /** The port at which it tells over HTTP how it is. Default: it does not. */
  readonly monitor?: number;
  /** Default: true. */
  readonly jetstream?: boolean;
  /** Default: it is alone. */
  readonly cluster?: {
    readonly port: number;
    /** The same ports of all. */
    readonly routes: readonly number[];
    /** Whether it tells its clients of the others. Default: true. */
    readonly advertise?: boolean;
  };
  /** More lines, such as who is let in. */
  readonly extraLines?: string;
}

/** A configuration file, of the very lines that `docs/fleet.md` shows. */
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
