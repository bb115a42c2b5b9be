import { useComputed } from '@preact/signals';
import { endOf, isOld } from '../model/shown-verdict.js';
import type { Detail } from '../state/board.js';
import { usePage } from '../state/page.js';
import { ConnectionBanner } from './banners.js';
import { DetailsPanel } from './details-panel.js';
import { AsOf } from './elapsed.js';
import { Loading, NoSuchSession } from './empty.js';
import { FilterBar } from './filter-bar.js';
import { Link } from './link.js';
import { SessionHead } from './session-head.js';
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
