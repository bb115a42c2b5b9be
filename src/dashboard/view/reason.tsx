import type { ReadonlySignal } from '@preact/signals';
import { describeState } from '../../client/waits.js';
import { type BlockerLink, listBlockers } from '../model/blockers.js';
import { describeReason } from '../model/phases.js';
import type { Target } from '../model/types.js';
import type { SessionProps } from '../state/detail.js';
import { Link } from './parts.js';

interface ReasonProps extends Pick<SessionProps, 'targets'> {
  readonly target: Target;
  /** Whether to add the state of the root cause. It is followed: a change of the cause renders again. */
  readonly hasCauseState: boolean;
}

/** The reason for a target's phase: its blockers as links, or a line of text. Empty without a reason. */
export function Reason({ target, targets, hasCauseState }: ReasonProps) {
  const known = targets.value;
  // Peeking is enough: resources change only with the Tiltfile, which replaces the target.
  const blockers = listBlockers(target, (key) => known.get(key)?.peek().resources[0]);
  if (blockers === null) return <PlainReason target={target} />;
  const { links, more, cause, isDirect } = blockers;
  const causeTarget = cause && hasCauseState ? known.get(cause.key) : undefined;
  return (
    <>
      waits for{' '}
      {links.map((link, index) => (
        <span key={link.key}>
          {index > 0 && ', '}
          <BlockerAnchor link={link} />
          {index === 0 && isDirect && causeTarget && <CauseState cause={causeTarget} />}
        </span>
      ))}
      {more > 0 && ` and ${more} more`}
      {cause && !isDirect && (
        <span class="cause">
          {' · root cause '}
          <BlockerAnchor link={cause} />
          {causeTarget && <CauseState cause={causeTarget} />}
        </span>
      )}
    </>
  );
}

function BlockerAnchor({ link: { key, label } }: { readonly link: BlockerLink }) {
  return (
    <Link class="mono blocker" to={{ target: key }}>
      {label}
    </Link>
  );
}

function CauseState({ cause }: { readonly cause: ReadonlySignal<Target> }) {
  return <> ({describeState(cause.value)})</>;
}

/** A text. Of an error that does not fit, its end is visible. */
function PlainReason({ target }: { readonly target: Target }) {
  const text = describeReason(target);
  if (text === '') return null;
  if (target.state?.__typename !== 'TargetStateTerminated') return <>{text}</>;
  return (
    <span class="shows-end">
      <bdi>{text}</bdi>
    </span>
  );
}
