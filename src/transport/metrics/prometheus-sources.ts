import type { Registry } from 'prom-client';
import type { Clock } from '../../clock.js';
import type { SourceCounts, SourceState } from '../../metrics.js';
import { counter, gauge } from './prometheus-metric.js';
import type { Tally } from './tally.js';

/** States that a source can be in. */
const SOURCE_STATES: readonly SourceState['state'][] = ['connecting', 'live', 'stale'];

/** Adds what is known of the sources. */
export function addSources(registry: Registry, { sources, states }: Tally, clock: Clock): void {
  gauge(registry, 'sources', 'Open sources, by state.', ['state'], () =>
    SOURCE_STATES.map((state) => [{ state }, open().filter((source) => source.state === state).length]),
  );
  gauge(registry, 'source_state', 'Whether a source is in a state: 1 or 0.', ['source', 'state'], () =>
    named().flatMap(({ name, state: is }) =>
      SOURCE_STATES.map((state) => [{ source: name, state }, is === state ? 1 : 0] as const),
    ),
  );
  gauge(
    registry,
    'source_news_age_seconds',
    'Time since a source told a change. A quiet source is not ill: see its state.',
    ['source'],
    () => named().map(({ name }) => [{ source: name }, ageSeconds(sources.get(name))]),
  );
  counter(registry, 'source_changes_total', 'Changes that a source told.', ['source'], () =>
    [...sources].map(([source, { changes }]) => [{ source }, changes]),
  );
  counter(
    registry,
    'source_restarts_total',
    'Times a source failed and was watched again after a pause.',
    ['source'],
    () => [...sources].map(([source, { restarts }]) => [{ source }, restarts]),
  );
  counter(
    registry,
    'source_relists_total',
    'Times all of a source was listed anew, by how its watch had ended.',
    ['source', 'cause'],
    () =>
      [...sources].flatMap(([source, { relists }]) =>
        Object.entries(relists).map(([cause, number]) => [{ source, cause }, number] as const),
      ),
  );

  function open(): readonly SourceState[] {
    return states.sources?.() ?? [];
  }

  /** Those that have counts of their own: so many and no more are told apart. */
  function named(): readonly SourceState[] {
    return open().filter(({ name }) => sources.has(name));
  }

  function ageSeconds(counts: SourceCounts | undefined): number | undefined {
    const at = counts?.lastChangeAt ?? null;
    return at === null ? undefined : Math.max(0, clock.now() - at) / 1_000;
  }
}
