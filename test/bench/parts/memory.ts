import { setTimeout as sleep } from 'node:timers/promises';
import { targetChange } from '../data/operations.js';
import type { Bench, RunningServer } from '../harness/bench.js';
import { WEB_SOCKET_SERVERS } from './fan-out.js';
import { createFlow } from './flow.js';
import { type Column, type Goal, OURS, type Part, type Row } from './part.js';

/** The gateway with readers whose connections are compressed. */
const OURS_COMPRESSED = `${OURS}-compressed`;

const RSS: Column = { key: 'rss', title: 'RSS kB/reader', digits: 1 };
const HEAP: Column = { key: 'heap', title: 'heap kB/reader', digits: 1 };

/** Memory of an idle reader. */
export const memory: Part = {
  name: 'memory',
  title: 'memory of an idle reader',
  entrants: [...WEB_SOCKET_SERVERS, OURS_COMPRESSED],
  columns: [RSS, HEAP],
  goals: [memoryGoal(RSS), memoryGoal(HEAP), compressedGoal(HEAP)],
  measure,
};

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  const sockets = bench.quick ? 500 : 5_000;
  const documents = [targetChange().document];
  const isCompressed = entrant === OURS_COMPRESSED;
  const transport = isCompressed ? 'compressed-websocket' : 'websocket';
  await using server = await bench.startServer(isCompressed ? OURS : entrant, {
    isCompressing: isCompressed,
  });
  // Memory that every server needs once is allocated before the first measurement.
  await using first = await bench.openReaders({ port: server.port, documents, transport, sockets: 100 });
  await createFlow(server, first).join();
  const before = await readSettledUsage(server);
  await using readers = await bench.openReaders({ port: server.port, documents, transport, sockets });
  await createFlow(server, readers).join();
  const after = await readSettledUsage(server);
  const values = {
    rss: (after.rssBytes - before.rssBytes) / sockets / 1_000,
    heap: (after.heapBytes - before.heapBytes) / sockets / 1_000,
  };
  return [{ name: entrant, values, fault: null }];
}

/** Usage after garbage collection. Recently used objects may need a moment to become garbage. */
async function readSettledUsage(server: RunningServer) {
  for (let round = 0; round < 3; round += 1) {
    await server.call('usage', { collect: true });
    await sleep(200);
  }
  return server.call('usage', { collect: true });
}

/** Goal: at most 1.2 times the memory of a raw `ws` socket plus 4 kB. */
function memoryGoal({ key, title }: Column): Goal {
  return {
    text: `${title}: ${OURS} − 1.2 × raw-ws`,
    bound: { atMost: 4 },
    value(rows) {
      const [ours, raw] = [rows.get(OURS)?.values[key], rows.get('raw-ws')?.values[key]];
      return ours === undefined || raw === undefined ? null : ours - 1.2 * raw;
    },
  };
}

/** Goal: a compressed connection needs at most 2 kB more, for the state of the extension. */
function compressedGoal({ key, title }: Column): Goal {
  return {
    text: `${title}: ${OURS_COMPRESSED} − ${OURS}`,
    bound: { atMost: 2 },
    value(rows) {
      const [compressed, plain] = [rows.get(OURS_COMPRESSED)?.values[key], rows.get(OURS)?.values[key]];
      return compressed === undefined || plain === undefined ? null : compressed - plain;
    },
  };
}
