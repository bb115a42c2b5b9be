import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { targetKey } from '../../client/changes.js';
import { plainText } from '../../model/plain-text.js';
import { describeReason } from '../model/phases.js';
import { formatDuration, formatExactClock, parseTime } from '../model/time.js';
import type { Excerpt, HistoryEntry, Target } from '../model/types.js';
import type { Detail } from '../state/detail.js';
import { usePage } from '../state/page.js';
import { ExcerptView } from './excerpt.js';
import { closeDetails } from './keyboard.js';
import { LogPanel } from './log-panel.js';
import { Elapsed, Icon, Link, PhaseBadge } from './parts.js';
import { ResourceFacts } from './resource-facts.js';
import { WaitChain } from './wait-chain.js';

/** The details of one target. The panel takes the focus when it opens; Escape closes it. */
export function DetailsPanel({
  detail: { id, session, targets, resources },
  target,
}: {
  readonly detail: Detail;
  readonly target: ReadonlySignal<Target>;
}) {
  const { board, router } = usePage();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const { name, type, typeText, resources: names, phase, state } = target.value;
  const key = targetKey(target.value);
  /** The target with its history and the excerpt of its failure. */
  const complete = useSignal<Target | null>(null);
  useEffect(
    () =>
      board.watchTarget(id, { key, name }, (newest) => {
        complete.value = newest;
      }),
    [board, id, key, name, complete],
  );
  const [mainResource] = names;
  const excerpt = findExcerpt(complete.value?.state ?? null);
  const error = state?.__typename === 'TargetStateTerminated' ? state.error : null;
  return (
    <aside class="details" aria-labelledby="details-title">
      <div class="details-head">
        <h2 id="details-title" class="mono" tabIndex={-1} ref={heading}>
          {key}
        </h2>
        <button type="button" class="button icon-only" onClick={() => closeDetails(router)}>
          <Icon name="CLOSE" />
          <span class="hidden">Close details</span>
        </button>
      </div>
      <PhaseBadge phase={phase} />
      {error !== null && <pre class="error">{plainText(error)}</pre>}
      {excerpt && <ExcerptView excerpt={excerpt} />}
      <dl>
        <dt>Type</dt>
        <dd>{type === 'UNKNOWN' ? typeText || 'unknown' : type.toLowerCase()}</dd>
        <dt>Resource</dt>
        <dd>{names.join(', ') || 'none'}</dd>
        <Facts target={target.value} />
        {names.map((resource) => {
          const facts = resources.value.get(resource);
          return facts && <ResourceFacts key={resource} resource={facts} />;
        })}
      </dl>
      <WaitChain target={target.value} targets={targets} />
      {mainResource !== undefined && (
        <LogPanel
          session={id}
          isGone={session.value?.connection.state === 'GONE'}
          resource={mainResource}
          target={key}
          tiltUrl={resources.value.get(mainResource)?.tiltUrl ?? null}
        />
      )}
      <h3>History</h3>
      <HistoryTable history={complete.value?.history ?? target.value.history} />
    </aside>
  );
}

function Facts({ target }: { readonly target: Target }) {
  const { state, phase, since, durationSeconds, secondsToReady } = target;
  switch (state?.__typename) {
    case 'TargetStateWaiting':
      return (
        <>
          <Fact name="Waiting for" value={describeWait(target, state.waitReason)} />
          <BlockedBy target={target} />
        </>
      );
    case 'TargetStateActive': {
      const start = parseTime(state.startTime);
      return (
        <>
          <Fact name="Started" value={formatTimestamp(state.startTime)} />
          {state.ready && (
            <Fact name={phase === 'SUCCEEDED' ? 'Succeeded' : 'Ready since'} value={formatTimestamp(since)} />
          )}
          <Fact name="Time to ready" value={formatSeconds(secondsToReady)} />
          <Fact name="Duration" value={formatSeconds(durationSeconds)} />
          {start !== null && phase !== 'SUCCEEDED' && (
            <>
              <dt>Running for</dt>
              <dd>
                <Elapsed since={start} />
              </dd>
            </>
          )}
        </>
      );
    }
    case 'TargetStateTerminated':
      return (
        <>
          <Fact name="Started" value={formatTimestamp(state.startTime)} />
          <Fact name="Finished" value={formatTimestamp(state.finishTime)} />
          <Fact name="Duration" value={formatSeconds(durationSeconds)} />
          {state.error !== null && (
            <Fact name="Grace" value={GRACE[state.graceStatus] ?? state.graceStatusText} />
          )}
        </>
      );
    default:
      return null;
  }
}

function findExcerpt(state: Target['state']): Excerpt | null {
  return state?.__typename === 'TargetStateTerminated' ? (state.excerpt ?? null) : null;
}

/** Tilt's reason, and what it means. */
function describeWait(target: Target, waitReason: string): string {
  return [...new Set([plainText(waitReason), describeReason(target)])].filter(Boolean).join(': ');
}

/** All targets by which a waiting target is blocked. */
function BlockedBy({ target: { blockedBy } }: { readonly target: Pick<Target, 'blockedBy'> }) {
  if (blockedBy.length === 0) return null;
  return (
    <>
      <dt>Blocked by</dt>
      <dd>
        {blockedBy.map(({ name }, index) => (
          <span key={name}>
            {index > 0 && ', '}
            <Link class="mono" to={{ target: name }}>
              {name}
            </Link>
          </span>
        ))}
      </dd>
    </>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  if (value === '') return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

const GRACE = {
  NOT_APPLICABLE: '',
  TOLERATED: 'tolerated: Tilt retries',
  EXCEEDED: 'grace period exceeded',
  UNKNOWN: null,
} as const;

function formatTimestamp(time: string | null): string {
  const at = parseTime(time);
  return at === null ? '' : formatExactClock(at);
}

function formatSeconds(seconds: number | null): string {
  return seconds === null ? '' : formatDuration(seconds * 1_000);
}

/** The changes of a target that the gateway observed, newest first. */
function HistoryTable({ history }: { readonly history: readonly HistoryEntry[] }) {
  return (
    <table class="history">
      <caption class="hidden">Changes seen by the gateway, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Seen at</th>
          <th scope="col">Phase</th>
          <th scope="col">Summary</th>
        </tr>
      </thead>
      <tbody>
        {history.toReversed().map(({ time, phase, state }) => (
          <tr key={`${time} ${phase} ${state?.summary}`}>
            <td class="mono">{formatExactClock(parseTime(time) ?? 0)}</td>
            <td>
              <PhaseBadge phase={phase} />
            </td>
            <td class="cell-summary">{state?.summary}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
