import { type ChainLink, describeState, findChain } from '../../client/waits.js';
import type { Target } from '../model/types.js';
import type { SessionProps } from '../state/detail.js';
import { LongError } from './long-error.js';
import { Link, PhaseBadge } from './parts.js';

interface WaitChainProps extends Pick<SessionProps, 'targets'> {
  readonly target: Target;
}

/** The chain from a waiting target to its root cause, with the state of the cause. Empty without a cause. */
export function WaitChain({ target, targets }: WaitChainProps) {
  if (target.rootCause === null) return null;
  return <Chain target={target} targets={targets} />;
}

function Chain({ target, targets }: WaitChainProps) {
  const chain = findChain(target, { get: (key) => targets.value.get(key)?.value });
  const cause = chain.at(-1)?.target ?? null;
  return (
    <section class="chain" aria-labelledby="chain-title">
      <h3 id="chain-title">Why it waits</h3>
      <ol>
        {chain.map((link, index) => (
          <li key={link.name}>
            <ChainStep link={link} isFirst={index === 0} />
          </li>
        ))}
      </ol>
      {cause && <CauseError cause={cause} />}
    </section>
  );
}

function ChainStep({
  link: { name, target },
  isFirst,
}: {
  readonly link: ChainLink;
  readonly isFirst: boolean;
}) {
  return (
    <>
      {isFirst ? (
        <span class="mono">{name}</span>
      ) : (
        <Link class="mono" to={{ target: name }}>
          {name}
        </Link>
      )}{' '}
      {target && <PhaseBadge phase={target.phase} />}
    </>
  );
}

/** The state of the root cause, or its error: the informative end, and the whole text on request. */
function CauseError({ cause }: { readonly cause: Target }) {
  const error = cause.state?.__typename === 'TargetStateTerminated' ? cause.state.error : null;
  return error === null ? <p class="note">{describeState(cause)}</p> : <LongError error={error} />;
}
