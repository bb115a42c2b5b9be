import type { ServerResponse } from 'node:http';

/** Null where a response takes more; otherwise resolves once it has drained, or closed. */
export function drained(response: ServerResponse): Promise<void> | null {
  if (!response.writableNeedDrain) return null;
  return new Promise((resolve) => {
    response.once('drain', end);
    response.once('close', end);

    function end(): void {
      response.off('drain', end);
      response.off('close', end);
      resolve();
    }
  });
}
