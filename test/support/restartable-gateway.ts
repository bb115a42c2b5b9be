import { createGateway, type GatewayOptions } from '../../src/gateway.js';

/** A gateway that can be stopped and restarted on the same port. */
export interface RestartableGateway extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Stops the gateway and destroys its connections, as if it was killed. */
  kill(): Promise<void>;
  /** Starts a new gateway on the same port. */
  start(options?: GatewayOptions): Promise<void>;
}

/** Starts a gateway on a free port. */
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
