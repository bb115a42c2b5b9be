import { progressOf } from '../model/progress.js';
import type { Session } from '../model/types.js';

/** How far a Session is: a bar with its words below. */
export function Progress({ counts }: Pick<Session, 'counts'>) {
  const { total, segments, label } = progressOf(counts);
  return (
    <div class="progress">
      <div class="progress-bar" aria-hidden="true">
        {segments.map(({ word, tone, share }) => (
          <span key={word} class={`fill-${tone}`} style={{ width: `${share * 100}%` }} />
        ))}
      </div>
      <p class="progress-label">{total === 0 ? 'no targets yet' : label}</p>
    </div>
  );
}
