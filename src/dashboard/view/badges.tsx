import { PHASE_LOOKS } from '../model/phases.js';
import type { ShownVerdict } from '../model/shown-verdict.js';
import type { TargetPhase } from '../model/types.js';
import { Icon, type IconName } from './icon.js';

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

const VERDICT_ICONS: Readonly<Record<ShownVerdict['tone'], IconName>> = {
  ok: 'PASSED',
  bad: 'FAILED',
  busy: 'PENDING',
  warn: 'RETRYING',
  idle: 'UNKNOWN',
  off: 'INACTIVE',
};
