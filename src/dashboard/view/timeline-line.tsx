import { describe, type Stretch, toneOf } from '../model/stretches.js';
import { formatDuration } from '../model/time.js';
import { placeOf, type TimeAxis } from '../model/time-axis.js';
import type { Line } from '../model/timeline.js';
import { usePage } from '../state/page.js';
import { TargetLink } from './link.js';

/** A target's line of the timeline. */
export function TimelineLine({
  line: { name, stretches },
  axis,
  until,
  step,
  criticalStart,
}: {
  readonly line: Line;
  readonly axis: TimeAxis;
  /** The moment until which what goes on is drawn, in milliseconds since 1970. */
  readonly until: number;
  /** Which step of the critical path it is, from 1; 0 for none. */
  readonly step: number;
  /** When the run of it that is on the critical path began; null for none. */
  readonly criticalStart: number | null;
}) {
  const { router } = usePage();
  const isOpen = router.route.value.target === name;
  const words = stretches.map((stretch) => describe(stretch, until));
  const visible = stretches.filter(({ start, end }) => (end ?? until) >= axis.start && start <= axis.end);
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
          <span class="hidden">{words.join('. ') || 'nothing yet'}</span>
          {visible.map((stretch) => (
            <Bar
              key={`${stretch.kind}${stretch.start}`}
              stretch={stretch}
              axis={axis}
              until={until}
              isCritical={stretch.kind === 'running' && stretch.start === criticalStart}
            />
          ))}
        </div>
      </td>
    </tr>
  );
}

function Bar({
  stretch,
  axis,
  until,
  isCritical,
}: {
  readonly stretch: Stretch;
  readonly axis: TimeAxis;
  readonly until: number;
  readonly isCritical: boolean;
}) {
  const { kind, start } = stretch;
  const end = stretch.end ?? Math.max(until, start);
  const left = placeOf(start, axis);
  const width = placeOf(end, axis) - left;
  const classes = [
    'bar',
    `is-${kind}`,
    `fill-${toneOf(stretch)}`,
    isCritical && 'is-critical',
    stretch.end === null && 'is-open-ended',
  ];
  return (
    <span
      class={classes.filter(Boolean).join(' ')}
      aria-hidden="true"
      title={describe(stretch, until)}
      data-kind={kind}
      style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
    >
      {kind === 'running' && width > 0.07 && <span class="bar-label">{formatDuration(end - start)}</span>}
    </span>
  );
}
