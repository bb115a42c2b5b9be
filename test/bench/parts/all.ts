import { compression } from './compression.js';
import { fanOutCompressed, fanOutParts, fanOutSse } from './fan-out.js';
import { fewReaders } from './few-readers.js';
import { fleet } from './fleet.js';
import { eventLoopHold } from './hold.js';
import { httpCompressed, httpParts } from './http.js';
import { logFlood } from './log-flood.js';
import { logReaders } from './log-readers.js';
import { manyReaders } from './many-readers.js';
import { memory } from './memory.js';
import type { Part } from './part.js';
import { pipeLatency } from './pipe-latency.js';
import { quietReaders } from './quiet-readers.js';
import { start } from './start.js';
import { store } from './store.js';
import { stuck } from './stuck.js';

/** All parts, in the order in which they run. */
export const parts: readonly Part[] = [
  ...fanOutParts,
  ...fewReaders,
  fanOutSse,
  fanOutCompressed,
  memory,
  manyReaders,
  quietReaders,
  ...httpParts,
  httpCompressed,
  store,
  pipeLatency,
  stuck,
  logReaders,
  logFlood,
  eventLoopHold,
  fleet,
  compression,
  start,
];
