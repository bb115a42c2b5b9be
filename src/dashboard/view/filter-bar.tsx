import { useComputed } from '@preact/signals';
import { plainText } from '../../model/plain-text.js';
import { isEmpty, listResources, NO_FILTER, toggle } from '../model/filter.js';
import { PHASE_LOOKS, PHASES } from '../model/phases.js';
import { listLabels } from '../model/places.js';
import type { SessionProps } from '../state/detail.js';
import { useGrouping, usePage } from '../state/page.js';
import type { Span } from '../state/router.js';
import { Icon } from './parts.js';

/** Filters targets by words, phase, resource and label. */
export function FilterBar({
  session,
  targets,
  places,
}: Pick<SessionProps, 'session' | 'targets' | 'places'>) {
  const { router } = usePage();
  const { phases, view } = router.route.value;
  return (
    <search class="filter">
      <SearchBox label="Search targets" />
      <ResourceChoice targets={targets} />
      <LabelChoice places={places} />
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
              onClick={() => router.go({ phases: toggle(phases, phase) })}
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
  return (
    <Choice
      name="Resource"
      all="All resources"
      names={names.value}
      value={router.route.value.resource}
      choose={(resource) => router.go({ resource })}
    />
  );
}

/** Selects a label, and whether the table is grouped by labels. Nothing while no resource has a label. */
function LabelChoice({ places }: Pick<SessionProps, 'places'>) {
  const { router, updatePreferences } = usePage();
  const names = useComputed(() => listLabels(places.value));
  const grouping = useGrouping(places);
  const { label, view } = router.route.value;
  if (names.value.length === 0 && label === null) return null;
  const isGrouped = grouping.value === 'label';
  const group = () => {
    const next = isGrouped ? 'resource' : 'label';
    updatePreferences({ grouping: next });
    router.go({ grouping: next });
  };
  return (
    <>
      <Choice
        name="Label"
        all="All labels"
        names={names.value}
        value={label}
        choose={(chosen) => router.go({ label: chosen })}
      />
      {view === 'targets' && names.value.length > 0 && (
        <button type="button" class="button" aria-pressed={isGrouped} onClick={group}>
          Group by label
        </button>
      )}
    </>
  );
}

interface ChoiceProps {
  readonly name: string;
  /** Word for no choice. */
  readonly all: string;
  readonly names: readonly string[];
  readonly value: string | null;
  choose(value: string | null): void;
}

/** A list of names of which one can be chosen. A value that it does not contain, such as a glob, is added. */
function Choice({ name, all, names, value, choose }: ChoiceProps) {
  const choices = value === null || names.includes(value) ? names : [value, ...names];
  return (
    <label class="choice">
      <span class="hidden">{name}</span>
      <select value={value ?? ''} onChange={(event) => choose(event.currentTarget.value || null)}>
        <option value="">{all}</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {plainText(choice)}
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
