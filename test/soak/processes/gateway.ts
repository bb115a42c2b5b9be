import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Gateway } from '../../../src/index.js';
import { answerCalls } from '../../bench/processes/answer-calls.js';
import type { GatewayApi, Internals } from './api.js';
import { type CountingClock, createCountingClock } from './counting-clock.js';
import { readFigures, readQuickFigures } from './figures.js';
import { createShortDelays } from './short-delays.js';

let gateway: Gateway | null = null;
let clock: CountingClock | null = null;

const api: GatewayApi = {
  async start({ kubeconfig, bucket, retainMs }) {
    const { createGateway, createNatsProvider, systemClock } = await gatewayLibrary();
    clock = createCountingClock(systemClock);
    gateway = createGateway({
      providers: [createNatsProvider({ name: 'fleet', address: bucket, clock, retainMs })],
      tilts: { kubeconfig },
      retainMs,
      compress: 'always',
      clock,
      random: createShortDelays(1),
    });
    await gateway.ready();
    const { port } = await gateway.listen(0);
    return { port };
  },
  caughtUp() {},
  glance: () => readQuickFigures(inside()),
  async untilNoReaders({ ms }) {
    const end = performance.now() + ms;
    while (inside().readers > 0 && performance.now() < end) await delay(20);
    return inside().readers === 0;
  },
  figures: () => readFigures(inside),
  async close() {
    await gateway?.close();
    return inside();
  },
};
answerCalls(api);

function inside(): Internals {
  return { readers: gateway?.readers ?? 0, timers: clock?.pending ?? 0 };
}

/** The built library, as programs import it. The process runs in the project's root. */
function gatewayLibrary(): Promise<typeof import('../../../src/index.js')> {
  return import(pathToFileURL(resolve('dist/index.js')).href);
}
