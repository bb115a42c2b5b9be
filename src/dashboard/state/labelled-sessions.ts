import { effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Client } from '../../client/client.js';
import { type FrameScheduler, showViews } from './frames.js';
import type { WatchErrors } from './target-watches.js';

/**
 * Watches which Sessions have the selected label, for the lifetime of the page.
 *
 * @param selected glob for the label; null for any
 * @returns ids of the Sessions; null when no label is selected, and until they are received or after an error
 */
export function watchLabelled(
  client: Pick<Client, 'watchSessions'>,
  selected: ReadonlySignal<string | null>,
  frames: FrameScheduler,
  errors: WatchErrors,
): ReadonlySignal<ReadonlySet<string> | null> {
  const labelled = signal<ReadonlySet<string> | null>(null);
  effect(() => {
    // The gateway filters by label: a Session's own fields do not include the labels of its resources.
    const label = selected.value;
    labelled.value = null;
    if (label === null) return;
    const stopping = new AbortController();
    const views = client.watchSessions({
      where: { target: { label } },
      resume: false,
      signal: stopping.signal,
    });
    void showViews(
      frames,
      views,
      'label',
      ({ cursor, sessions: matching }) => {
        if (cursor !== null && !stopping.signal.aborted) labelled.value = new Set(matching.keys());
      },
      (reason) => {
        // An empty list would hide a Session that fails.
        frames.schedule('label', () => {
          labelled.value = null;
        });
        errors.show('label', reason);
      },
    );
    return () => {
      stopping.abort();
      errors.clear('label');
    };
  });
  return labelled;
}
