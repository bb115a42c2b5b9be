import { type ReadonlySignal, useComputed } from '@preact/signals';
import { targetKey } from '../../client/target-key.js';
import { reasonOf } from '../model/phases.js';
import { formatDuration, parseTime } from '../model/time.js';
import type { Target, TargetPhase } from '../model/types.js';
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
  const { phase } = target.value;
  const key = targetKey(target.value);
  const isOpen = router.route.value.target === key;
  return (
    <tr class={isOpen ? 'is-open' : undefined}>
      <th scope="row">
        <TargetLink name={key} />
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

/** How long a target ran; of one that waits, runs or is ready, for how long it has been in its phase. */
export function TimeTaken({
  target: { phase, since, durationSeconds },
}: {
  readonly target: Pick<Target, 'phase' | 'since' | 'durationSeconds'>;
}) {
  if (durationSeconds !== null) return <>{formatDuration(durationSeconds * 1_000)}</>;
  const start = GOES_ON.includes(phase) ? parseTime(since) : null;
  return start === null ? null : <Elapsed since={start} />;
}

const GOES_ON: readonly TargetPhase[] = ['WAITING', 'RUNNING', 'READY'];

/** Whether a server is ready; empty for a job, which never is. */
function readinessOf({ type, phase, secondsToReady }: Target): string {
  if (phase === 'READY') {
    return secondsToReady === null ? 'ready' : `ready in ${formatDuration(secondsToReady * 1_000)}`;
  }
  return type === 'SERVER' && phase === 'RUNNING' ? 'not ready' : '';
}
