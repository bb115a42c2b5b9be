import { isEmpty, NO_FILTER, toggle } from '../model/filter.js';
import { VERDICT_LOOKS, VERDICTS } from '../model/shown-verdict.js';
import type { Session } from '../model/types.js';
import { usePage } from '../state/page.js';
import { SearchBox } from './filter-bar.js';
import { Icon, VERDICT_ICONS } from './parts.js';

/** Filters the list of Sessions by words, verdict and label. */
export function SessionFilter({ sessions }: { readonly sessions: ReadonlyMap<string, Session> }) {
  const { router } = usePage();
  const { verdicts } = router.route.value;
  const states = [...sessions.values()].map(({ verdict }) => verdict.state);
  return (
    <search class="filter">
      <SearchBox label="Search sessions" />
      <LabelBox />
      <fieldset class="phases">
        <legend class="hidden">Verdicts</legend>
        {VERDICTS.map((verdict) => {
          const count = states.filter((state) => state === verdict).length;
          if (count === 0 && !verdicts.includes(verdict)) return null;
          const { tone, word } = VERDICT_LOOKS[verdict];
          return (
            <button
              key={verdict}
              type="button"
              class={`chip tone-${tone}`}
              aria-pressed={verdicts.includes(verdict)}
              onClick={() => router.go({ verdicts: toggle(verdicts, verdict) })}
            >
              <Icon name={VERDICT_ICONS[tone]} />
              {word} <span class="count">{count}</span>
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

/** Filters by the label of a resource. It applies on Enter, because the gateway selects the Sessions. */
function LabelBox() {
  const { router } = usePage();
  const apply = (text: string) => router.go({ label: text.trim() || null });
  return (
    <label class="search is-label">
      <Icon name="LABEL" />
      <span class="hidden">Label</span>
      <input
        type="search"
        placeholder="Label: team-*"
        spellcheck={false}
        value={router.route.value.label ?? ''}
        onChange={(event) => apply(event.currentTarget.value)}
        onInput={(event) => event.currentTarget.value === '' && apply('')}
      />
    </label>
  );
}
