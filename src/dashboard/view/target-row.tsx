import { type ReadonlySignal, useComputed } from '@preact/signals';
import { reasonOf } from '../model/phases.js';
import { formatDuration, parseTime } from '../model/time.js';
import type { Target } from '../model/types.js';
import { usePage } from '../state/page.js';
import { PhaseBadge } from './badges.js';
import { Elapsed } from './elapsed.js';
import { TargetLink } from './target-link.js';

/** What a row shows. */
interface TargetRowProps {
  readonly target: ReadonlySignal<Target>;
  /** Whether it is beyond what is seen: then it is brought up to date once a second. */
  readonly isFar: ReadonlySignal<boolean>;
}

/** A target in the table. It is drawn anew only when it changed. */
export function TargetRow({ target: newest, isFar }: TargetRowProps) {
  const { router, now } = usePage();
  const target = useComputed(() => {
    if (!isFar.value) return newest.value;
    // Read for the sake of being called again with the clock.
    now.value;
    return newest.peek();
  });
  const { name, phase } = target.value;
  const isOpen = router.route.value.target === name;
  return (
    <tr class={isOpen ? 'is-open' : undefined}>
      <th scope="row">
        <TargetLink name={name} />
      </th>
      <td class="cell-phase">
        <PhaseBadge phase={phase} />
      </td>
      <td class="cell-time">
        <TimeTaken target={target.value} />
      </td>
      <td class="cell-ready">{readinessOf(target.value)}</td>
      <td class="cell-reason">{reasonOf(target.value)}</td>
    </tr>
  );
}

/** How long a target ran, or has run, or has waited. */
export function TimeTaken({
  target: { phase, state, durationSeconds, history },
}: {
  readonly target: Target;
}) {
  if (durationSeconds !== null) return <>{formatDuration(durationSeconds * 1_000)}</>;
  if (phase === 'WAITING') {
    const since = parseTime(history.at(-1)?.time ?? null);
    return since === null ? null : <Elapsed since={since} />;
  }
  const start = state?.__typename === 'TargetStateActive' ? parseTime(state.startTime) : null;
  return start === null ? null : <Elapsed since={start} />;
}

/** Whether a server is ready; empty for a job, which never is. */
function readinessOf({ type, phase, secondsToReady }: Target): string {
  if (phase === 'READY') {
    return secondsToReady === null ? 'ready' : `ready in ${formatDuration(secondsToReady * 1_000)}`;
  }
  return type === 'SERVER' && phase === 'RUNNING' ? 'not ready' : '';
}
