import { type Mark, marksOf } from './marks.js';
import type { Tone } from './phases.js';
import { formatDuration, formatExactClock } from './time.js';

/** A time in which a target did one thing: a bar of the timeline. */
export interface Stretch {
  readonly kind: 'waiting' | 'running' | 'ready' | 'failed' | 'retrying';
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Null while it lasts. */
  readonly end: number | null;
  /** What a run came to; null for what is none, and while it lasts. */
  readonly outcome: Mark['kind'] | null;
}

/**
 * The stretches of a target, in order; those without any length are left out.
 *
 * @param offset how far the gateway's clock is ahead of Tilt's, in milliseconds
 */
export function stretchesOf(target: Parameters<typeof marksOf>[0], offset: number): Stretch[] {
  const marks = marksOf(target, offset);
  return marks.flatMap(({ kind, at }, index): Stretch[] => {
    if (kind === 'off' || kind === 'succeeded') return [];
    const next = marks[index + 1];
    if (next && next.at <= at && !(kind === 'running' && next.isExact)) return [];
    const outcome = kind === 'running' && next ? next.kind : null;
    return [{ kind, start: at, end: next?.at ?? null, outcome }];
  });
}

/** How a stretch looks. */
export function toneOf({ kind, outcome }: Stretch): Tone {
  switch (outcome ?? kind) {
    case 'succeeded':
    case 'ready':
      return 'ok';
    case 'failed':
      return 'bad';
    case 'retrying':
      return 'warn';
    case 'running':
      return 'busy';
    default:
      return 'idle';
  }
}

/** A stretch in words: `ran 1.26 s, succeeded; 14:03:09.021 to 14:03:10.277`. */
export function describe(stretch: Stretch, now: number): string {
  const { kind, start, end, outcome } = stretch;
  const length = formatDuration((end ?? now) - start);
  const what = outcome === null || outcome === 'running' ? '' : `, ${OUTCOMES[outcome]}`;
  const until = end === null ? 'so far' : `to ${formatExactClock(end)}`;
  return `${WORDS[kind]} ${length}${what}; ${formatExactClock(start)} ${until}`;
}

const WORDS: Readonly<Record<Stretch['kind'], string>> = {
  waiting: 'waited',
  running: 'ran',
  ready: 'ready for',
  failed: 'failed for',
  retrying: 'retrying for',
};

const OUTCOMES: Readonly<Record<Exclude<Mark['kind'], 'running'>, string>> = {
  succeeded: 'succeeded',
  ready: 'then ready',
  failed: 'failed',
  retrying: 'failed, to be tried again',
  waiting: 'then waited',
  off: 'stopped',
};
