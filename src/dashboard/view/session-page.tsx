import { useComputed } from '@preact/signals';
import { targetKey } from '../../client/changes.js';
import { NO_FILTER } from '../model/filter.js';
import { groupBlockers, PHASE_LOOKS } from '../model/phases.js';
import { describeVerdict, findReferenceTime, isStale } from '../model/shown-verdict.js';
import type { Detail, SessionProps } from '../state/detail.js';
import { usePage } from '../state/page.js';
import { HOME } from '../state/router.js';
import { ClusterBanner, isClusterFailure } from './cluster-banner.js';
import { DetailsPanel } from './details-panel.js';
import { FilterBar } from './filter-bar.js';
import { Loading, SessionNotFound, TiltBanner } from './messages.js';
import { DemoBadge, Icon, Link, Progress, ReferenceTime, VerdictBadge } from './parts.js';
import { Reason } from './reason.js';
import { formatCommand, StartTime } from './session-list.js';
import { TargetTable } from './target-table.js';
import { Timeline } from './timeline.js';

/** One Session: verdict, blockers, targets as table or timeline, and the details of one target. */
export function SessionPage({ detail }: { readonly detail: Detail }) {
  const { router, now } = usePage();
  // The list may be current before the targets are.
  const isConnected = useComputed(() => detail.link.value.state !== 'lost');
  const referenceTime = useComputed(() => {
    const session = detail.session.value;
    if (!session || (!session.status.done && !isStale(session, isConnected.value))) return now.value;
    return findReferenceTime(
      session,
      [...detail.targets.value.values()].map((target) => target.value),
      detail.link.value,
    );
  });
  const session = detail.session.value;
  if (session === undefined) return <Loading />;
  if (session === null) return <SessionNotFound id={detail.id} />;
  const { view, target } = router.route.value;
  const opened = target === null ? undefined : detail.targets.value.get(target);
  return (
    <ReferenceTime.Provider value={referenceTime}>
      <main
        class={`session${isStale(session, isConnected.value) ? ' is-stale' : ''}${opened ? ' has-details' : ''}`}
      >
        <div class="session-body">
          <TiltBanner connection={session.connection} status={session.status} />
          <ClusterBanner session={session} />
          <SessionHead session={session} targets={detail.targets} isConnected={isConnected.value} />
          <nav class="tabs" aria-label="Views">
            <Link to={{ view: 'targets' }} aria-current={view === 'targets' ? 'page' : undefined}>
              Targets
            </Link>
            <Link to={{ view: 'timeline' }} aria-current={view === 'timeline' ? 'page' : undefined}>
              Timeline
            </Link>
          </nav>
          <FilterBar session={session} targets={detail.targets} places={detail.places} />
          {view === 'targets' ? (
            <TargetTable targets={detail.targets} places={detail.places} />
          ) : (
            <Timeline session={session} detail={detail} referenceTime={referenceTime} />
          )}
        </div>
        {opened && <DetailsPanel key={target} detail={detail} target={opened} />}
      </main>
    </ReferenceTime.Provider>
  );
}

/** Name, verdict, progress and blockers of a Session. */
function SessionHead({
  session,
  targets,
  isConnected,
}: Pick<SessionProps, 'session' | 'targets'> & { readonly isConnected: boolean }) {
  const verdict = describeVerdict(session, isConnected);
  const { instance, spec, counts } = session;
  const { reason, failed } = session.verdict;
  // The list of failed targets below gives the reason of an ordinary failure, the banner that of a cluster.
  const hasReason =
    reason !== null &&
    !isClusterFailure(session) &&
    (failed.length === 0 || session.verdict.state === 'UNKNOWN');
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
        <span>{formatCommand(session)}</span>
        <span class="mono path">{spec.tiltfilePath}</span>
        <StartTime session={session} isConnected={isConnected} />
      </p>
      <Progress counts={counts} />
      {hasReason && session.verdict.state !== 'PENDING' && <p class="reason">{reason}</p>}
      <BlockerLists targets={targets} />
    </section>
  );
}

function BlockerLists({ targets }: Pick<SessionProps, 'targets'>) {
  const groups = groupBlockers([...targets.value.values()].map((target) => target.value));
  return (
    <>
      {groups.map(({ phase, title, targets: listed, more }) => (
        <div key={phase} class="blockers">
          <h2 class={`tone-${PHASE_LOOKS[phase].tone}`}>
            <Icon name={phase} />
            {title}
          </h2>
          <ul>
            {listed.map((target) => {
              const key = targetKey(target);
              return (
                <li key={key}>
                  <Link class="mono" to={{ target: key }}>
                    {key}
                  </Link>{' '}
                  <span class="blocker-reason">
                    <Reason target={target} targets={targets} hasCauseState />
                  </span>
                </li>
              );
            })}
            {more > 0 && (
              <li>
                <Link to={{ ...NO_FILTER, phases: [phase] }}>and {more} more</Link>
              </li>
            )}
          </ul>
        </div>
      ))}
    </>
  );
}
