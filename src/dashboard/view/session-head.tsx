import { blockersOf } from '../model/blockers.js';
import { PHASE_LOOKS } from '../model/phases.js';
import { shownVerdict } from '../model/shown-verdict.js';
import type { SessionProps } from '../state/board.js';
import { usePage } from '../state/page.js';
import { HOME } from '../state/router.js';
import { DemoBadge, Icon, VerdictBadge } from './badges.js';
import { Link } from './link.js';
import { Progress } from './progress.js';
import { commandOf, Started } from './session-list.js';

/** What a Session is, whether it is good, and what blocks that. */
export function SessionHead({ session, targets }: SessionProps) {
  const { isLinked } = usePage();
  const verdict = shownVerdict(session, isLinked.value);
  const { instance, spec, counts } = session;
  const { reason, failed } = session.verdict;
  // Where targets failed, they say so themselves below.
  const says = reason !== null && (failed.length === 0 || session.verdict.state === 'UNKNOWN');
  return (
    <section class={`head edge-${verdict.tone}`} aria-label="Verdict">
      <Link class="back" to={HOME}>
        <Icon name="BACK" />
        All sessions
      </Link>
      <div class="head-title">
        <h1>{instance}</h1>
        <DemoBadge session={session} />
        <VerdictBadge verdict={verdict} />
      </div>
      <p class="meta">
        <span>{commandOf(session)}</span>
        <span class="mono path">{spec.tiltfilePath}</span>
        <Started session={session} />
      </p>
      <Progress counts={counts} />
      {says && session.verdict.state !== 'PENDING' && <p class="reason">{reason}</p>}
      <BlockerLists targets={targets} />
    </section>
  );
}

function BlockerLists({ targets }: Pick<SessionProps, 'targets'>) {
  const lists = blockersOf([...targets.value.values()].map((target) => target.value));
  return (
    <>
      {lists.map(({ phase, title, targets: listed, more }) => (
        <div key={phase} class="blockers">
          <h2 class={`tone-${PHASE_LOOKS[phase].tone}`}>
            <Icon name={phase} />
            {title}
          </h2>
          <ul>
            {listed.map(({ key, reason }) => (
              <li key={key}>
                <Link class="mono" to={{ target: key }}>
                  {key}
                </Link>{' '}
                {reason !== '' && <span class="blocker-reason">{reason}</span>}
              </li>
            ))}
            {more > 0 && (
              <li>
                <Link to={{ phases: [phase], text: '', resource: null }}>and {more} more</Link>
              </li>
            )}
          </ul>
        </div>
      ))}
    </>
  );
}
