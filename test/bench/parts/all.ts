import { compression } from './compression.js';
import { fanOutParts, fanOutSse } from './fan-out.js';
import { fleet } from './fleet.js';
import { eventLoopHold } from './hold.js';
import { httpParts } from './http.js';
import { manyReaders } from './many-readers.js';
import { memory } from './memory.js';
import type { Part } from './part.js';
import { pipeLatency } from './pipe-latency.js';
import { start } from './start.js';
import { store } from './store.js';
import { stuck } from './stuck.js';

/** All parts, in the order in which they run. */
export const parts: readonly Part[] = [
  ...fanOutParts,
  fanOutSse,
  memory,
  manyReaders,
  ...httpParts,
  store,
  pipeLatency,
  stuck,
  eventLoopHold,
  fleet,
  compression,
  start,
];
