import { useComputed } from '@preact/signals';
import { isEmpty, listResources, NO_FILTER, togglePhase } from '../model/filter.js';
import { PHASE_LOOKS, PHASES } from '../model/phases.js';
import type { SessionProps } from '../state/board.js';
import { usePage } from '../state/page.js';
import type { Span } from '../state/router.js';
import { Icon } from './parts.js';

/** Filters targets by words, phase and resource. */
export function FilterBar({ session, targets }: SessionProps) {
  const { router } = usePage();
  const { phases, view } = router.route.value;
  return (
    <search class="filter">
      <SearchBox label="Search targets" />
      <ResourceChoice targets={targets} />
      {view === 'timeline' && <SpanChoice />}
      <fieldset class="phases">
        <legend class="hidden">Phases</legend>
        {PHASES.map((phase) => {
          const count = session.counts[PHASE_LOOKS[phase].count];
          if (count === 0 && !phases.includes(phase)) return null;
          return (
            <button
              key={phase}
              type="button"
              class={`chip tone-${PHASE_LOOKS[phase].tone}`}
              aria-pressed={phases.includes(phase)}
              onClick={() => router.go({ phases: togglePhase(phases, phase) })}
            >
              <Icon name={phase} />
              {PHASE_LOOKS[phase].word} <span class="count">{count}</span>
            </button>
          );
        })}
        {!isEmpty(router.route.value) && (
          <button type="button" class="chip" onClick={() => router.go(NO_FILTER)}>
            <Icon name="CLOSE" />
            Clear
          </button>
        )}
      </fieldset>
    </search>
  );
}

function ResourceChoice({ targets }: Pick<SessionProps, 'targets'>) {
  const { router } = usePage();
  const names = useComputed(() =>
    // Peeking is enough: resources change only with the Tiltfile, which replaces the target.
    listResources([...targets.value.values()].map((target) => target.peek())),
  );
  const { resource } = router.route.value;
  const choices =
    resource === null || names.value.includes(resource) ? names.value : [resource, ...names.value];
  return (
    <label class="choice">
      <span class="hidden">Resource</span>
      <select
        value={resource ?? ''}
        onChange={(event) => router.go({ resource: event.currentTarget.value || null })}
      >
        <option value="">All resources</option>
        {choices.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

const SPAN_LABELS: Readonly<Record<Span, string>> = {
  all: 'Whole session',
  '1h': 'Last hour',
  '10m': 'Last 10 min',
  '1m': 'Last minute',
};

/** Selects the visible length of the timeline. */
function SpanChoice() {
  const { router } = usePage();
  return (
    <label class="choice">
      <span class="hidden">Time shown</span>
      <select
        value={router.route.value.span}
        onChange={({ currentTarget: { value } }) => {
          const span = SPAN_NAMES.find((name) => name === value);
          if (span) router.go({ span });
        }}
      >
        {SPAN_NAMES.map((span) => (
          <option key={span} value={span}>
            {SPAN_LABELS[span]}
          </option>
        ))}
      </select>
    </label>
  );
}

const SPAN_NAMES: readonly Span[] = ['all', '1h', '10m', '1m'];

/** Filters by words while typing. The key `/` focuses it. */
export function SearchBox({ label }: { readonly label: string }) {
  const { router } = usePage();
  return (
    <label class="search">
      <Icon name="SEARCH" />
      <span class="hidden">{label}</span>
      <input
        type="search"
        placeholder={`${label}  /`}
        data-search
        spellcheck={false}
        value={router.route.value.text}
        onInput={(event) => router.go({ text: event.currentTarget.value })}
      />
    </label>
  );
}
