import { type ReadonlySignal, useComputed, useSignal } from '@preact/signals';
import { Fragment, type RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { targetKey } from '../../client/changes.js';
import { plainText } from '../../model/plain-text.js';
import { type Group, groupKey, groupTargets, NO_LABEL, reuseGroups } from '../model/groups.js';
import { formatDuration, parseTime } from '../model/time.js';
import type { Target, TargetPhase } from '../model/types.js';
import type { SessionProps } from '../state/detail.js';
import { useGrouping, usePage } from '../state/page.js';
import { NoMatch } from './messages.js';
import { Elapsed, Link, PhaseBadge, TargetLink } from './parts.js';
import { Reason } from './reason.js';

/**
 * The targets grouped by resource, and by label if the visitor chose that. Groups that did not change are not
 * rendered again.
 */
export function TargetTable({ targets, places }: Pick<SessionProps, 'targets' | 'places'>) {
  const { router } = usePage();
  const grouping = useGrouping(places);
  const last = useRef<readonly Group[]>([]);
  const groups = useComputed(() => {
    const all = [...targets.value.values()].map((target) => target.value);
    const newest = groupTargets(all, router.route.value, places.value, grouping.value);
    last.current = reuseGroups(last.current, newest);
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
      {groups.value.map((group, index, { [index - 1]: above }) => (
        <Fragment key={groupKey(group)}>
          {group.label !== null && group.label !== above?.label && <LabelHeading label={group.label} />}
          <ResourceGroup group={group} targets={targets} />
        </Fragment>
      ))}
    </table>
  );
}

/** The heading of the resources with a label. */
function LabelHeading({ label }: { readonly label: string }) {
  return (
    <tbody class="label-heading">
      <tr>
        <th scope="colgroup" colSpan={6}>
          {label === NO_LABEL ? label : <Link to={{ label }}>{plainText(label)}</Link>}
        </th>
      </tr>
    </tbody>
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
        return target && <TargetRow key={key} target={target} targets={targets} isFar={isSkipped} />;
      })}
    </tbody>
  );
}

interface TargetRowProps extends Pick<SessionProps, 'targets'> {
  readonly target: ReadonlySignal<Target>;
  /** Whether the row is far outside the viewport. It is then updated once a second. */
  readonly isFar: ReadonlySignal<boolean>;
}

/** A target in the table. It renders only when the target changes. */
function TargetRow({ target: newest, targets, isFar }: TargetRowProps) {
  const { router, now } = usePage();
  const target = useComputed(() => {
    if (!isFar.value) return newest.value;
    // Subscribes to the clock.
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
        <TargetTime target={target.value} />
      </td>
      <td class="cell-ready">{describeReadiness(target.value)}</td>
      <td class="cell-reason">
        <Reason target={target.value} targets={targets} hasCauseState={false} />
      </td>
    </tr>
  );
}

/** The duration of a target's run or, while it waits, runs or is ready, the time in its phase. */
function TargetTime({
  target: { phase, since, durationSeconds },
}: {
  readonly target: Pick<Target, 'phase' | 'since' | 'durationSeconds'>;
}) {
  if (durationSeconds !== null) return <>{formatDuration(durationSeconds * 1_000)}</>;
  const start = ONGOING_PHASES.includes(phase) ? parseTime(since) : null;
  return start === null ? null : <Elapsed since={start} />;
}

const ONGOING_PHASES: readonly TargetPhase[] = ['WAITING', 'RUNNING', 'READY'];

/** Describes whether a server is ready; empty for jobs. */
function describeReadiness({ type, phase, secondsToReady }: Target): string {
  if (phase === 'READY') {
    return secondsToReady === null ? 'ready' : `ready in ${formatDuration(secondsToReady * 1_000)}`;
  }
  return type === 'SERVER' && phase === 'RUNNING' ? 'not ready' : '';
}

/**
 * Whether the browser skips rendering an element with `content-visibility: auto` because it is far outside
 * the viewport (CSS Containment, level 2). False in browsers without that event.
 */
function useSkipped(element: RefObject<HTMLElement | null>): ReadonlySignal<boolean> {
  const isSkipped = useSignal(false);
  // A layout effect, because the first frame fires the first event.
  useLayoutEffect(() => {
    const { current } = element;
    const update = (event: Event) => {
      isSkipped.value = 'skipped' in event && event.skipped === true;
    };
    current?.addEventListener('contentvisibilityautostatechange', update);
    return () => current?.removeEventListener('contentvisibilityautostatechange', update);
  }, [element, isSkipped]);
  return isSkipped;
}
