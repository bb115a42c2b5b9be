import { type ReadonlySignal, useComputed, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { targetKey } from '../../client/changes.js';
import { type Group, groupsOf, keepGroups } from '../model/filter.js';
import { reasonOf } from '../model/phases.js';
import { formatDuration, parseTime } from '../model/time.js';
import type { Target, TargetPhase } from '../model/types.js';
import type { SessionProps } from '../state/board.js';
import { usePage } from '../state/page.js';
import { PhaseBadge } from './badges.js';
import { Elapsed } from './elapsed.js';
import { NoMatch } from './empty.js';
import { TargetLink } from './link.js';

/** The targets by resource. Which rows there are is worked out anew only when that may have changed. */
export function TargetTable({ targets }: Pick<SessionProps, 'targets'>) {
  const { router } = usePage();
  const last = useRef<readonly Group[]>([]);
  const groups = useComputed(() => {
    const all = [...targets.value.values()].map((target) => target.value);
    last.current = keepGroups(last.current, groupsOf(all, router.route.value));
    return last.current;
  });
  if (groups.value.length === 0) {
    return targets.value.size === 0 ? <p class="note">No targets yet.</p> : <NoMatch what="target" />;
  }
  return (
    <table class="targets">
      <caption class="hidden">Targets by resource</caption>
      <thead>
        <tr>
          <th scope="col">Resource</th>
          <th scope="col">Target</th>
          <th scope="col">Phase</th>
          <th scope="col">Time</th>
          <th scope="col">Readiness</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      {groups.value.map((group) => (
        <ResourceGroup key={group.resource} group={group} targets={targets} />
      ))}
    </table>
  );
}

function ResourceGroup({ group, targets }: Pick<SessionProps, 'targets'> & { readonly group: Group }) {
  const known = targets.value;
  const body = useRef<HTMLTableSectionElement>(null);
  const isSkipped = useSkipped(body);
  return (
    <tbody ref={body}>
      <tr class="group" style={{ '--rows': group.keys.length }}>
        <th scope="rowgroup" colSpan={6}>
          {group.resource}
        </th>
      </tr>
      {group.keys.map((key) => {
        const target = known.get(key);
        return target && <TargetRow key={key} target={target} isFar={isSkipped} />;
      })}
    </tbody>
  );
}

/** What a row shows. */
interface TargetRowProps {
  readonly target: ReadonlySignal<Target>;
  /** Whether it is beyond what is seen: then it is brought up to date once a second. */
  readonly isFar: ReadonlySignal<boolean>;
}

/** A target in the table. It is drawn anew only when it changed. */
function TargetRow({ target: newest, isFar }: TargetRowProps) {
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
function TimeTaken({
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

/**
 * Whether the browser skips drawing an element with `content-visibility: auto`, since it is far from what is seen (CSS
 * Containment, level 2). False where a browser does not tell.
 */
function useSkipped(element: RefObject<HTMLElement | null>): ReadonlySignal<boolean> {
  const isSkipped = useSignal(false);
  // Before the first frame, which brings the first event.
  useLayoutEffect(() => {
    const { current } = element;
    const note = (event: Event) => {
      isSkipped.value = 'skipped' in event && event.skipped === true;
    };
    current?.addEventListener('contentvisibilityautostatechange', note);
    return () => current?.removeEventListener('contentvisibilityautostatechange', note);
  }, [element, isSkipped]);
  return isSkipped;
}
