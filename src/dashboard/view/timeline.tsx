import { type ReadonlySignal, useComputed } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { targetKey } from '../../client/changes.js';
import type { PathStep } from '../model/critical-path.js';
import { compileTargetFilter } from '../model/filter.js';
import { describeSegment, type Segment, toneOf } from '../model/segments.js';
import { formatDuration } from '../model/time.js';
import {
  buildTimeline,
  createAxis,
  isOngoing,
  reuseAxis,
  type TimeAxis,
  type TimelineRow,
  toPosition,
} from '../model/timeline.js';
import type { Session } from '../model/types.js';
import type { Detail } from '../state/detail.js';
import { usePage } from '../state/page.js';
import { SPANS } from '../state/router.js';
import { NoMatch } from './messages.js';
import { Link, TargetLink } from './parts.js';

/** The timeline of a Session: a row for each target, a bar for each segment. */
export function Timeline({
  session,
  detail: { targets, places, recordedBlockers },
  referenceTime,
}: {
  readonly session: Session;
  readonly detail: Detail;
  readonly referenceTime: ReadonlySignal<number>;
}) {
  const { router } = usePage();
  const lastAxis = useRef<TimeAxis | null>(null);
  const all = useComputed(() => [...targets.value.values()].map((target) => target.value));
  const { rows, path, origin } = buildTimeline(session, all.value, recordedBlockers);
  if (origin === null) return <p class="note">Nothing has started yet.</p>;
  const route = router.route.value;
  const until = Math.max(referenceTime.value, origin);
  const from = Math.max(origin, until - SPANS[route.span]);
  const axis = reuseAxis(lastAxis.current, createAxis(origin, from, until, !session.status.done));
  lastAxis.current = axis;
  const shown = new Set(all.value.filter(compileTargetFilter(route, places.value)).map(targetKey));
  const visible = rows.filter(({ name }) => shown.has(name));
  return (
    <section class="timeline" aria-label="Timeline">
      <CriticalPath path={path} />
      {visible.length === 0 ? (
        <NoMatch what="target" />
      ) : (
        <table class="lines">
          <caption class="hidden">When each target waited, ran, was ready and failed</caption>
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">
                <span class="hidden">Time since the start</span>
                <span class="axis" aria-hidden="true">
                  {axis.ticks.map(({ position, label }) => (
                    <span key={position} class="tick" style={{ left: `${position * 100}%` }}>
                      {label}
                    </span>
                  ))}
                </span>
              </th>
            </tr>
          </thead>
          <tbody>
            {visible.map((row) => (
              <Row
                key={row.name}
                row={row}
                axis={axis}
                // Constant for a row that has ended, so that it does not render again.
                until={isOngoing(row) ? until : 0}
                step={path.findIndex(({ target }) => target === row.name) + 1}
                criticalStart={path.find(({ target }) => target === row.name)?.start ?? null}
              />
            ))}
          </tbody>
        </table>
      )}
      <Legend />
    </section>
  );
}

const LEGEND = [
  ['waiting', 'idle', 'waiting'],
  ['running', 'busy', 'running'],
  ['running', 'ok', 'ran, succeeded'],
  ['ready', 'ok', 'ready'],
  ['running', 'bad', 'ran, failed'],
  ['failed', 'bad', 'failed, not restarted'],
] as const;

function Legend() {
  return (
    <ul class="legend" aria-label="Legend">
      {LEGEND.map(([kind, tone, word]) => (
        <li key={word}>
          <span class={`bar is-${kind} fill-${tone}`} aria-hidden="true" />
          {word}
        </li>
      ))}
    </ul>
  );
}

/** The chain of runs that determined how long a `tilt ci` took. */
function CriticalPath({ path }: { readonly path: readonly PathStep[] }) {
  const [first, last] = [path[0], path.at(-1)];
  if (!first || !last) return null;
  return (
    <section class="critical" aria-labelledby="critical-title">
      <h2 id="critical-title">
        Critical path <span class="count">{formatDuration(last.end - first.start)}</span>
      </h2>
      <ol>
        {path.map(({ target, start, end, gap }) => (
          <li key={`${target}${start}`}>
            <Link class="mono" to={{ target }}>
              {target}
            </Link>{' '}
            <span class="count">
              {formatDuration(end - start)}
              {gap >= 100 && ` after ${formatDuration(gap)}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** A target's row. */
function Row({
  row: { name, segments },
  axis,
  until,
  step,
  criticalStart,
}: {
  readonly row: TimelineRow;
  readonly axis: TimeAxis;
  /** End of the bar of an open segment, in milliseconds since 1970. */
  readonly until: number;
  /** Its step of the critical path, from 1; 0 for none. */
  readonly step: number;
  /** Start of its run on the critical path; null for none. */
  readonly criticalStart: number | null;
}) {
  const { router } = usePage();
  const isOpen = router.route.value.target === name;
  const descriptions = segments.map((segment) => describeSegment(segment, until));
  const visible = segments.filter(({ start, end }) => (end ?? until) >= axis.start && start <= axis.end);
  return (
    <tr class={[isOpen && 'is-open', step > 0 && 'is-critical'].filter(Boolean).join(' ') || undefined}>
      <th scope="row">
        <TargetLink name={name} />
        {step > 0 && (
          <span class="step" title="Step of the critical path">
            {step}
          </span>
        )}
      </th>
      <td>
        <div class="track">
          <span class="hidden">{descriptions.join('. ') || 'no run yet'}</span>
          {visible.map((segment) => (
            <Bar
              key={`${segment.kind}${segment.start}`}
              segment={segment}
              axis={axis}
              until={until}
              isCritical={segment.kind === 'running' && segment.start === criticalStart}
            />
          ))}
        </div>
      </td>
    </tr>
  );
}

function Bar({
  segment,
  axis,
  until,
  isCritical,
}: {
  readonly segment: Segment;
  readonly axis: TimeAxis;
  readonly until: number;
  readonly isCritical: boolean;
}) {
  const { kind, start } = segment;
  const end = segment.end ?? Math.max(until, start);
  const left = toPosition(start, axis);
  const width = toPosition(end, axis) - left;
  const classes = [
    'bar',
    `is-${kind}`,
    `fill-${toneOf(segment)}`,
    isCritical && 'is-critical',
    segment.end === null && 'is-open-ended',
  ];
  return (
    <span
      class={classes.filter(Boolean).join(' ')}
      aria-hidden="true"
      title={describeSegment(segment, until)}
      data-kind={kind}
      style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
    >
      {kind === 'running' && width > 0.07 && <span class="bar-label">{formatDuration(end - start)}</span>}
    </span>
  );
}
