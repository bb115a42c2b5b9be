import type { TargetsView } from '../../client/client.js';
import type { Clock } from '../../clock.js';
import type { CliProcess } from '../cli-process.js';
import { jsonText } from '../json-text.js';
import { createOutput } from '../output.js';
import type { Display } from './display.js';
import { eventsBetween } from './events.js';

/**
 * Prints a JSON line for each change; see `WatchEvent` for their shape.
 *
 * @param interrupted ends a write that a slow reader holds up
 */
export function createJsonDisplay(
  { stdout, stderr }: CliProcess,
  clock: Clock,
  interrupted: AbortSignal,
): Display {
  const output = createOutput(stdout, interrupted);
  let before: TargetsView | null = null;
  return {
    closed: output.gone,
    async show(view) {
      const time = new Date(clock.now()).toISOString();
      const lines = eventsBetween(before, view).map((event) => `${jsonText({ time, ...event })}\n`);
      before = view;
      await output.write(lines.join(''));
    },
    notice: (message) => stderr.write(`tilt-graphql: ${message}\n`),
    close: output.end,
  };
}
