import type { ReadonlySignal } from '@preact/signals';
import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { computeProgress, PHASE_LOOKS } from '../model/phases.js';
import type { ShownVerdict } from '../model/shown-verdict.js';
import { formatElapsed } from '../model/time.js';
import type { Session, TargetPhase } from '../model/types.js';
import { usePage } from '../state/page.js';
import type { Route } from '../state/router.js';

/** A phase as icon and word. */
export function PhaseBadge({ phase }: { readonly phase: TargetPhase }) {
  const { tone, word } = PHASE_LOOKS[phase];
  return (
    <span class={`badge tone-${tone}`}>
      <Icon name={phase} />
      {word}
    </span>
  );
}

/** A verdict as icon and word. */
export function VerdictBadge({ verdict: { tone, word } }: { readonly verdict: ShownVerdict }) {
  return (
    <span class={`badge verdict tone-${tone}`}>
      <Icon name={VERDICT_ICONS[tone]} />
      {word}
    </span>
  );
}

/** Marks the Session of the built-in demo; renders nothing for other Sessions. */
export function DemoBadge({ session }: { readonly session: Pick<Session, 'isDemo'> }) {
  if (!session.isDemo) return null;
  return (
    <span class="badge demo" title="Built-in demo data: no Tilt is running here">
      Demo
    </span>
  );
}

/** The icon of a verdict by its tone. */
export const VERDICT_ICONS: Readonly<Record<ShownVerdict['tone'], IconName>> = {
  ok: 'PASSED',
  bad: 'FAILED',
  busy: 'PENDING',
  warn: 'RETRYING',
  ask: 'UNTRIGGERED',
  idle: 'UNKNOWN',
  off: 'INACTIVE',
};

/** Progress of a Session as bar and text. */
export function Progress({ counts }: Pick<Session, 'counts'>) {
  const { total, parts, label } = computeProgress(counts);
  return (
    <div class="progress">
      <div class="progress-bar" aria-hidden="true">
        {parts.map(({ word, tone, share }) => (
          <span key={word} class={`fill-${tone}`} style={{ width: `${share * 100}%` }} />
        ))}
      </div>
      <p class="progress-label">{total === 0 ? 'no targets yet' : label}</p>
    </div>
  );
}

/**
 * The time up to which durations count: now, or the reference time of a Session without further updates.
 * Null: now.
 */
export const ReferenceTime = createContext<ReadonlySignal<number> | null>(null);

/** The time elapsed since a moment, updated each second. */
export function Elapsed({ since }: { /** Milliseconds since 1970. */ readonly since: number }) {
  const { now } = usePage();
  const referenceTime = useContext(ReferenceTime) ?? now;
  return <>{formatElapsed(referenceTime.value - since)}</>;
}

interface LinkProps {
  /** Changes of the route. */
  readonly to: Partial<Route>;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly 'aria-current'?: 'page' | 'true' | undefined;
  /** Name of this item for navigation with the arrow keys. */
  readonly 'data-nav'?: string;
}

/** A link to another route. It does not reload the page; opened in another tab it is an ordinary link. */
export function Link({ to, children, ...rest }: LinkProps) {
  const { router } = usePage();
  return (
    <a
      {...rest}
      href={router.formatHref(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.go(to);
      }}
    >
      {children}
    </a>
  );
}

/**
 * A link to a target's details. A component of its own, so that it does not render on every change of the
 * target.
 */
export function TargetLink({ name }: { readonly name: string }) {
  const { router } = usePage();
  const isOpen = router.route.value.target === name;
  return (
    <Link class="mono" to={{ target: name }} data-nav={name} aria-current={isOpen ? 'true' : undefined}>
      {name}
    </Link>
  );
}

type IconName =
  | TargetPhase
  | 'PASSED'
  | 'PENDING'
  | 'UNKNOWN'
  | 'SEARCH'
  | 'BELL'
  | 'CLOSE'
  | 'BACK'
  | 'LINK'
  | 'LABEL'
  | 'OPEN'
  | 'PAUSE'
  | 'PLAY'
  | 'COPY'
  | 'UP'
  | 'DOWN';

/** An icon in the color of the text. It is decoration: the text next to it has the same meaning. */
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
  UNTRIGGERED: `${RING}M6.6 5.4v5.2l4.2-2.6z`,
  INACTIVE: 'M3.2 8h9.6',
  UNKNOWN: `${RING}M6.2 6.4c0-2.6 3.8-2.3 3.6 0c-.1 1.2-1.8 1.3-1.8 2.7M8 11.3v.2`,
  SEARCH: 'M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9M10.4 10.4l3.4 3.4',
  BELL: 'M3 11.5c1.5-1.2 1-6 2.2-7.7a3.4 3.4 0 0 1 5.6 0c1.200 1.700.7 6.500 2.200 7.700zM6.500 13.700c.7.8 2.300.8 3 0',
  CLOSE: 'M4 4l8 8M12 4l-8 8',
  BACK: 'M9.500 3.500l-4.500 4.500l4.500 4.500',
  LABEL: 'M2.500 2.500h5l6 6l-5 5l-6-6zM5.500 5.500v.1',
  OPEN: 'M6.500 3.500h-3v9h9v-3M9 3h4v4M13 3l-6 6',
  PAUSE: 'M5.500 3.500v9M10.500 3.500v9',
  PLAY: 'M5 3l8 5l-8 5z',
  COPY: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  UP: 'M3.500 10.500l4.500-5l4.500 5',
  DOWN: 'M3.500 5.500l4.500 5l4.500-5',
  LINK: 'M8 13v.1M5.400 10.400a3.700 3.700 0 0 1 5.200 0M3 7.800a7.200 7.200 0 0 1 10 0M2 2l12 12',
};
