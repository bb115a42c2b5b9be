import type { TargetsView } from '../../client/client.js';
import type { Clock } from '../../lib/clock.js';
import type { CliProcess } from '../cli-process.js';
import { jsonText } from '../json-text.js';
import { createOutput } from '../output.js';
import type { Display } from './display.js';
import { eventsBetween, isWithinPhase, type WatchEvent } from './events.js';

/**
 * Prints a JSON line for each event; see `WatchEvent` for their shape. Lines about a demonstration say so (`demo`).
 *
 * @param allChanges whether changes inside a phase are printed too
 * @param interrupted ends a write that a slow reader holds up
 */
export function createJsonDisplay(
  { stdout, stderr }: CliProcess,
  clock: Clock,
  { allChanges, interrupted }: { readonly allChanges: boolean; readonly interrupted: AbortSignal },
): Display {
  const output = createOutput(stdout, interrupted);
  let before: TargetsView | null = null;
  return {
    closed: output.gone,
    async show(view) {
      const time = new Date(clock.now()).toISOString();
      const demo = (view.session ?? before?.session)?.isDemo ?? false;
      const lineOf = (event: WatchEvent) => `${jsonText({ time, ...event, ...(demo && { demo }) })}\n`;
      const events = eventsBetween(before, view).filter((event) => allChanges || !isWithinPhase(event));
      before = view;
      await output.write(events.map(lineOf).join(''));
    },
    notice(message) {
      if (message !== null) stderr.write(`tilt-graphql: ${message}\n`);
    },
    close: output.end,
  };
}
