import { createGateway, type GatewayOptions } from '../../src/gateway.js';

/** A gateway that can be ended and started again at the same port. */
export interface RestartableGateway extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Ends it, as one that is killed: its connections are cut. */
  kill(): Promise<void>;
  /** Starts another in its place. */
  start(options?: GatewayOptions): Promise<void>;
}

/** Starts one on a free port. */
export async function startRestartableGateway(options: GatewayOptions): Promise<RestartableGateway> {
  let gateway = createGateway(options);
  const { port } = await gateway.listen(0);
  return {
    origin: `http://127.0.0.1:${port}`,
    kill: () => gateway.close(),
    async start(others = options) {
      gateway = createGateway(others);
      await gateway.listen(port);
    },
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}
