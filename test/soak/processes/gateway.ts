import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Clock, Gateway } from '../../../src/index.js';
import { createRandom } from '../../../src/providers/demo/random.js';
import { answerCalls } from '../../bench/processes/answer-calls.js';
import type { GatewayApi, Inside } from './api.js';
import { readFigures, readGlance } from './figures.js';

/** Of the time that a source's retries wait otherwise: the rounds are short. */
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
      clock: counting(systemClock),
      random: () => random() * BACKOFF,
    });
    await gateway.ready();
    const { port } = await gateway.listen(0);
    return { port };
  },
  keptUp() {},
  glance: () => readGlance(inside()),
  async deserted({ ms }) {
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

function inside(): Inside {
  return { readers: gateway?.readers ?? 0, timers: pending };
}

/** What was built, as programs import it: the process runs in the project's root. */
function gatewayLibrary(): Promise<typeof import('../../../src/index.js')> {
  return import(pathToFileURL(resolve('dist/index.js')).href);
}

/** A clock that counts who waits. */
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
