import { compression } from './compression.js';
import { fanOutParts } from './fan-out.js';
import { fleet } from './fleet.js';
import { hold } from './hold.js';
import { httpParts } from './http.js';
import { manyReaders } from './many-readers.js';
import { memory } from './memory.js';
import type { Part } from './part.js';
import { pipeLatency } from './pipe-latency.js';
import { start } from './start.js';
import { store } from './store.js';
import { stuck } from './stuck.js';

/** Every part, in the order in which they run. */
export const parts: readonly Part[] = [
  ...fanOutParts,
  memory,
  manyReaders,
  ...httpParts,
  store,
  pipeLatency,
  stuck,
  hold,
  fleet,
  compression,
  start,
];
