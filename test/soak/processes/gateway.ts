import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Clock, Gateway } from '../../../src/index.js';
import { createRandom } from '../../../src/providers/demo/random.js';
import { answerCalls } from '../../bench/processes/answer-calls.js';
import type { GatewayApi, GatewayInternals } from './api.js';
import { readFigures, readQuickFigures } from './figures.js';

/** Factor for the retry delays of the providers, because rounds are short. */
const BACKOFF = 0.02;

const random = createRandom(1);
let gateway: Gateway | null = null;
let pending = 0;

const api: GatewayApi = {
  async start({ kubeconfig, retainMs }) {
    const { createGateway, systemClock } = await gatewayLibrary();
    gateway = createGateway({
      tilts: { kubeconfig },
      retainMs,
      compress: 'always',
      clock: counting(systemClock),
      random: () => random() * BACKOFF,
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

function inside(): GatewayInternals {
  return { readers: gateway?.readers ?? 0, timers: pending };
}

/** The built library, as programs import it. The process runs in the project's root. */
function gatewayLibrary(): Promise<typeof import('../../../src/index.js')> {
  return import(pathToFileURL(resolve('dist/index.js')).href);
}

/** Wraps a clock to count pending timers. */
function counting(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after(ms, task) {
      let isPending = true;
      const settle = () => {
        if (isPending) pending -= 1;
        isPending = false;
      };
      pending += 1;
      const cancel = clock.after(ms, () => {
        settle();
        task();
      });
      return () => {
        settle();
        cancel();
      };
    },
  };
}
