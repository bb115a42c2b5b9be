import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/**
 * Measures the bytes that this process still refers to: objects of the heap and buffers outside it.
 *
 * Garbage is collected first. When V8 would collect it on its own depends on the machine, so that a bound on
 * memory with garbage is sometimes exceeded by a program that keeps nothing.
 */
export function measureRetainedMemory(): number {
  // The second collection frees what the first has found to be weakly referenced.
  collectGarbage();
  collectGarbage();
  const { arrayBuffers, external, heapUsed } = process.memoryUsage();
  return Math.max(arrayBuffers, external) + heapUsed;
}
