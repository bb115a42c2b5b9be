import { type ReadonlySignal, useComputed } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { targetKey } from '../../client/changes.js';
import { matchesTarget } from '../model/filter.js';
import { formatDuration } from '../model/time.js';
import { axisOf, keepAxis, type TimeAxis } from '../model/time-axis.js';
import { isOpen, type PathStep, timelineOf } from '../model/timeline.js';
import type { SessionProps } from '../state/board.js';
import { usePage } from '../state/page.js';
import { SPANS } from '../state/router.js';
import { NoMatch } from './empty.js';
import { Link } from './link.js';
import { TimelineLine } from './timeline-line.js';

/** When each target did what: a line a target, a bar a stretch. */
export function Timeline({
  session,
  targets,
  asOf,
}: SessionProps & { readonly asOf: ReadonlySignal<number> }) {
  const { router } = usePage();
  const lastAxis = useRef<TimeAxis | null>(null);
  const all = useComputed(() => [...targets.value.values()].map((target) => target.value));
  const { lines, path, origin } = timelineOf(session, all.value);
  if (origin === null) return <p class="note">Nothing has begun yet.</p>;
  const route = router.route.value;
  const until = Math.max(asOf.value, origin);
  const from = Math.max(origin, until - SPANS[route.span]);
  const axis = keepAxis(lastAxis.current, axisOf(origin, from, until, !session.status.done));
  lastAxis.current = axis;
  const shown = new Set(all.value.filter((target) => matchesTarget(target, route)).map(targetKey));
  const visible = lines.filter(({ name }) => shown.has(name));
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
                  {axis.ticks.map(({ place, label }) => (
                    <span key={label} class="tick" style={{ left: `${place * 100}%` }}>
                      {label}
                    </span>
                  ))}
                </span>
              </th>
            </tr>
          </thead>
          <tbody>
            {visible.map((line) => (
              <TimelineLine
                key={line.name}
                line={line}
                axis={axis}
                // What is over does not move on: its line need not be drawn anew.
                until={isOpen(line) ? until : 0}
                step={path.findIndex(({ target }) => target === line.name) + 1}
                criticalStart={path.find(({ target }) => target === line.name)?.start ?? null}
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
  ['failed', 'bad', 'down since'],
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
