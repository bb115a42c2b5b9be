/**
 * How often the event loop looks for input and output before a long task goes on. libuv accepts one connection each time
 * (1.46, Node.js 20), so with one look between slices of 20 ms and more, connections that came 100 a second waited up to
 * 0.9 s. A look without events takes some microseconds.
 */
const LOOKS = 16;

/** Runs a task once the event loop has accepted the connections that wait, up to 16, and has looked for input and output. */
export function afterConnections(task: () => void, looks = LOOKS): void {
  if (looks > 1) setImmediate(afterConnections, task, looks - 1);
  else setImmediate(task);
}
