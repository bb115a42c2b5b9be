import type { PathStep } from '../model/critical-path.js';
import { formatDuration } from '../model/time.js';
import { Link } from './link.js';

/** The chain of runs that determined how long a `tilt ci` took. */
export function CriticalPath({ path }: { readonly path: readonly PathStep[] }) {
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
