import { useComputed } from '@preact/signals';
import { blockersOf } from '../model/blockers.js';
import { PHASE_LOOKS } from '../model/phases.js';
import { endOf, isOld, shownVerdict } from '../model/shown-verdict.js';
import type { Detail, SessionProps } from '../state/board.js';
import { usePage } from '../state/page.js';
import { HOME } from '../state/router.js';
import { DemoBadge, Icon, Progress, VerdictBadge } from './badges.js';
import { ConnectionBanner } from './banners.js';
import { DetailsPanel } from './details-panel.js';
import { AsOf } from './elapsed.js';
import { Loading, NoSuchSession } from './empty.js';
import { FilterBar } from './filter-bar.js';
import { Link } from './link.js';
import { commandOf, Started } from './session-list.js';
import { TargetTable } from './target-table.js';
import { Timeline } from './timeline.js';

/** One Session: its verdict and what blocks it, its targets as a table or as a timeline, one target's details. */
export function SessionPage({ detail }: { readonly detail: Detail }) {
  const { board, router, now, isLinked } = usePage();
  const asOf = useComputed(() => {
    const session = detail.session.value;
    if (!session || (!session.status.done && !isOld(session, isLinked.value))) return now.value;
    return endOf(
      session,
      [...detail.targets.value.values()].map((target) => target.value),
      board.link.value,
    );
  });
  const session = detail.session.value;
  if (session === undefined) return <Loading />;
  if (session === null) return <NoSuchSession id={detail.id} />;
  const { view, target } = router.route.value;
  const opened = target === null ? undefined : detail.targets.value.get(target);
  return (
    <AsOf.Provider value={asOf}>
      <main
        class={`session${isOld(session, isLinked.value) ? ' is-old' : ''}${opened ? ' has-details' : ''}`}
      >
        <div class="session-body">
          <ConnectionBanner connection={session.connection} status={session.status} />
          <SessionHead session={session} targets={detail.targets} />
          <nav class="tabs" aria-label="Views">
            <Link to={{ view: 'targets' }} aria-current={view === 'targets' ? 'page' : undefined}>
              Targets
            </Link>
            <Link to={{ view: 'timeline' }} aria-current={view === 'timeline' ? 'page' : undefined}>
              Timeline
            </Link>
          </nav>
          <FilterBar session={session} targets={detail.targets} />
          {view === 'targets' ? (
            <TargetTable targets={detail.targets} />
          ) : (
            <Timeline session={session} targets={detail.targets} asOf={asOf} />
          )}
        </div>
        {opened && <DetailsPanel key={target} session={detail.id} target={opened} />}
      </main>
    </AsOf.Provider>
  );
}

/** What a Session is, whether it is good, and what blocks that. */
function SessionHead({ session, targets }: SessionProps) {
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
