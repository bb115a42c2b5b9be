import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { createGateways } from './gateway/gateways.js';
import { httpHeaders } from './surfaces/http-headers.js';

await using gateways = createGateways();
const g = await gateways.running();
let base = 1;
let shown = 0;
for (let seed = 5; seed < 40 && shown < 3; seed++) {
  for (const input of fc.sample(httpHeaders.arbitrary, { seed, numRuns: 100 })) {
    for (const one of input) {
      try {
        await httpHeaders.check([one], gateways);
      } catch (e) {
        console.log(String(e).slice(0, 300));
      }
      let h = await g.holdings();
      for (let i = 0; i < 40 && h.sockets > base; i++) {
        await setTimeout(10);
        h = await g.holdings();
      }
      if (h.sockets > base) {
        base = h.sockets;
        shown++;
        console.log(seed, h.sockets, JSON.stringify(one.bytes.toString('latin1')).slice(0, 700), one.cuts);
      }
    }
  }
}
for (let i = 0; i < 8; i++) {
  await setTimeout(5000);
  console.log(i, (await g.holdings()).sockets);
}
process.exit();
