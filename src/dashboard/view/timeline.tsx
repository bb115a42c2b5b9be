import { type ReadonlySignal, useComputed } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { targetKey } from '../../client/target-key.js';
import { matchesTarget } from '../model/filter.js';
import { SPANS } from '../model/route.js';
import { axisOf, keepAxis, type TimeAxis } from '../model/time-axis.js';
import { isOpen, timelineOf } from '../model/timeline.js';
import type { Session } from '../model/types.js';
import type { Targets } from '../state/board.js';
import { usePage } from '../state/page.js';
import { CriticalPath } from './critical-path.js';
import { NoMatch } from './empty.js';
import { TimelineLine } from './timeline-line.js';

/** When each target did what: a line a target, a bar a stretch. */
export function Timeline({
  session,
  targets,
  asOf,
}: {
  readonly session: Session;
  readonly targets: ReadonlySignal<Targets>;
  readonly asOf: ReadonlySignal<number>;
}) {
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
