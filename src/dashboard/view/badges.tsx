import { PHASE_LOOKS } from '../model/phases.js';
import type { ShownVerdict } from '../model/shown-verdict.js';
import type { Session, TargetPhase } from '../model/types.js';
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
