import { PHASE_LOOKS } from '../model/phases.js';
import { progressOf } from '../model/progress.js';
import type { ShownVerdict } from '../model/shown-verdict.js';
import type { Session, TargetPhase } from '../model/types.js';

/** A phase, as a sign and a word. */
export function PhaseBadge({ phase }: { readonly phase: TargetPhase }) {
  const { tone, word } = PHASE_LOOKS[phase];
  return (
    <span class={`badge tone-${tone}`}>
      <Icon name={phase} />
      {word}
    </span>
  );
}

/** A verdict, as a sign and a word. */
export function VerdictBadge({ verdict: { tone, word } }: { readonly verdict: ShownVerdict }) {
  return (
    <span class={`badge verdict tone-${tone}`}>
      <Icon name={VERDICT_ICONS[tone]} />
      {word}
    </span>
  );
}

/** Marks the Session of the built-in demonstration, which is no Tilt; nothing for other Sessions. */
export function DemoBadge({ session }: { readonly session: Pick<Session, 'isDemo'> }) {
  if (!session.isDemo) return null;
  return (
    <span class="badge demo" title="The built-in demonstration: no Tilt runs here">
      Demonstration
    </span>
  );
}

const VERDICT_ICONS: Readonly<Record<ShownVerdict['tone'], IconName>> = {
  ok: 'PASSED',
  bad: 'FAILED',
  busy: 'PENDING',
  warn: 'RETRYING',
  idle: 'UNKNOWN',
  off: 'INACTIVE',
};

/** The signs that stand beside words. */
type IconName =
  | TargetPhase
  | 'PASSED'
  | 'PENDING'
  | 'UNKNOWN'
  | 'SEARCH'
  | 'BELL'
  | 'CLOSE'
  | 'BACK'
  | 'LINK';

/** A small sign, drawn in the colour of the text. Whatever it says is said in words beside it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

const RING = 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5';

const PATHS: Readonly<Record<IconName, string>> = {
  SUCCEEDED: `${RING}M5.2 8.3l2 2l3.7-4.3`,
  PASSED: `${RING}M5.2 8.3l2 2l3.7-4.3`,
  READY: `${RING}M8 5.4a2.6 2.6 0 1 1 0 5.2a2.6 2.6 0 1 1 0-5.2M8 7.3a.7.7 0 1 1 0 1.4a.7.7 0 1 1 0-1.4`,
  FAILED: `${RING}M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4`,
  RUNNING:
    'M8 1.75a6.25 6.25 0 0 1 6.25 6.25M8 4.6v3.4l2.4 1.6M1.75 8a6.25 6.25 0 0 0 10.7 4.4M2.6 4.9a6.2 6.2 0 0 1 1.3-1.6',
  PENDING:
    'M8 1.75a6.25 6.25 0 0 1 6.25 6.25M8 4.6v3.4l2.4 1.6M1.75 8a6.25 6.25 0 0 0 10.7 4.4M2.6 4.9a6.2 6.2 0 0 1 1.3-1.6',
  WAITING: 'M4 2h8M4 14h8M5 2c0 4 6 8 6 12M11 2c0 4-6 8-6 12',
  RETRYING: 'M13.5 8a5.5 5.5 0 1 1-1.7-4M12.2 1.2v3h-3M8 5v3.4M8 10.8v.2',
  DISABLED: `${RING}M3.7 12.3l8.6-8.6`,
  INACTIVE: 'M3.2 8h9.6',
  UNKNOWN: `${RING}M6.2 6.4c0-2.6 3.8-2.3 3.6 0c-.1 1.2-1.8 1.3-1.8 2.7M8 11.3v.2`,
  SEARCH: 'M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9M10.4 10.4l3.4 3.4',
  BELL: 'M3 11.5c1.5-1.2 1-6 2.2-7.7a3.4 3.4 0 0 1 5.6 0c1.200 1.700.7 6.500 2.200 7.700zM6.500 13.700c.7.8 2.300.8 3 0',
  CLOSE: 'M4 4l8 8M12 4l-8 8',
  BACK: 'M9.500 3.500l-4.500 4.500l4.500 4.500',
  LINK: 'M8 13v.1M5.400 10.400a3.700 3.700 0 0 1 5.200 0M3 7.800a7.200 7.200 0 0 1 10 0M2 2l12 12',
};

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
